/** Thumbnails on the canvas: loaded once each, small, a bounded number of them. */

const MOST = 64;
/** Pixels of height that are kept of a picture. */
const HEIGHT = 96;

export class Pictures {
  private readonly known = new Map<string, ImageBitmap | null>();

  constructor(private readonly arrived: () => void) {}

  /** The picture at that address, or null while it is on its way or if there is none. */
  get(url: string): ImageBitmap | null {
    const found = this.known.get(url);
    if (found !== undefined) return found;
    if (this.known.size >= MOST) this.forget();
    this.known.set(url, null);
    void this.load(url);
    return null;
  }

  private async load(url: string): Promise<void> {
    try {
      const response = await fetch(url);
      if (!response.ok) return;
      const picture = await createImageBitmap(await response.blob(), { resizeHeight: HEIGHT, resizeQuality: "medium" });
      this.known.set(url, picture);
      this.arrived();
    } catch {
      // A file that is no picture, such as a clip as a guide, is a band without a thumbnail.
    }
  }

  private forget(): void {
    const [oldest] = this.known.keys();
    if (oldest === undefined) return;
    this.known.get(oldest)?.close();
    this.known.delete(oldest);
  }
}
