/** Short messages at the bottom of the page, which screen readers read too. */

const SHOWN = 6000; // milliseconds

export function announcer(host: HTMLElement): (message: string, kind?: "note" | "error") => void {
  return (message, kind = "note") => {
    const line = document.createElement("p");
    line.className = `announcement ${kind}`;
    line.textContent = message;
    host.append(line);
    setTimeout(() => line.remove(), kind === "error" ? 2 * SHOWN : SHOWN);
  };
}
