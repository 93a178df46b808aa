/** Frames as the server packs them: for each a 4-byte big-endian length, and that many bytes of JPEG. */

/** Raises if the pack does not hold whole pictures. */
export function unpacked(pack: ArrayBuffer): Blob[] {
  const view = new DataView(pack);
  const pictures: Blob[] = [];
  let at = 0;
  while (at < pack.byteLength) {
    const end = at + 4 <= pack.byteLength ? at + 4 + view.getUint32(at) : Infinity;
    if (end > pack.byteLength) throw new RangeError("the pack of frames ends in the middle of a picture");
    pictures.push(new Blob([pack.slice(at + 4, end)], { type: "image/jpeg" }));
    at = end;
  }
  return pictures;
}
