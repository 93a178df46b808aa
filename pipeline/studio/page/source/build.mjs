// Builds ../built/ from the sources: one script, one style sheet, the page, the licences of what was bundled, and
// sources.sha256, by which a test sees without Node whether the built files belong to the sources.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCE = dirname(fileURLToPath(import.meta.url));
const BUILT = process.argv[2] ?? join(SOURCE, "..", "built");

const result = await build({
  absWorkingDir: SOURCE,
  entryPoints: [
    { in: "main.tsx", out: "page" },
    { in: "styles/page.css", out: "page" },
  ],
  outdir: BUILT,
  write: false,
  bundle: true,
  format: "esm",
  target: ["chrome111", "firefox114", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  logLevel: "warning",
});

rmSync(BUILT, { recursive: true, force: true });
mkdirSync(BUILT, { recursive: true });
for (const file of result.outputFiles) writeFileSync(file.path, file.contents);
for (const name of readdirSync(join(SOURCE, "static"))) copyFileSync(join(SOURCE, "static", name), join(BUILT, name));
writeFileSync(join(BUILT, "licences.txt"), licences(result.metafile.inputs));
writeFileSync(join(BUILT, "sources.sha256"), digest() + "\n");

/** The licence text of every package that a byte of the bundle comes from. */
function licences(inputs) {
  const packages = new Set(Object.keys(inputs).flatMap((input) => packageOf(input) ?? []));
  const parts = [...packages].sort().map((name) => {
    const folder = join(SOURCE, "node_modules", name);
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} comes without a licence text`);
    return `${name} ${about.version} (${about.license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return "The page of the studio contains code of these packages.\n\n" + parts.join("\n" + "-".repeat(80) + "\n\n");
}

function packageOf(input) {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
}

/** SHA-256 over "path NUL bytes NUL" of every source file, by ascending path. */
function digest() {
  const hash = createHash("sha256");
  for (const path of files(SOURCE).sort()) {
    hash.update(path + "\0");
    hash.update(readFileSync(join(SOURCE, path)));
    hash.update("\0");
  }
  return hash.digest("hex");
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : files(path);
    return [relative(SOURCE, path).replaceAll("\\", "/")];
  });
}
