import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AHEAD,
  BEHIND,
  PACK,
  isKept,
  nextPack,
} from "../../../../../pipeline/studio/page/source/timeline/player/buffer";
import { unpacked } from "../../../../../pipeline/studio/page/source/timeline/player/packs";

test("packs are fetched ahead of the playhead until enough is there", () => {
  const film = { frames: 1000, loop: false };
  const here = new Set<number>();
  const asked: number[] = [];
  const next = () => nextPack(film, 100, AHEAD, (frame) => here.has(frame));
  for (let pack = next(); pack; pack = next()) {
    asked.push(pack[0]);
    for (let frame = pack[0]; frame <= pack[1]; frame++) here.add(frame);
  }
  assert.deepEqual(asked, [96, 120, 144, 168, 192]);
  assert.ok(here.has(100 + AHEAD) && [...here].every((frame) => isKept(film, 100, frame)));
});

test("a loop fetches its beginning before its end is over, a film that ends does not", () => {
  const has = (frame: number) => frame >= 72;
  assert.deepEqual(nextPack({ frames: 130, loop: true }, 128, AHEAD, has), [0, 23]);
  assert.equal(nextPack({ frames: 130, loop: false }, 128, AHEAD, has), null);
  assert.ok(isKept({ frames: 130, loop: true }, 128, 3));
  assert.ok(!isKept({ frames: 130, loop: false }, 128, 128 - BEHIND - PACK - 1));
});

test("the last pack ends with the film", () => {
  assert.deepEqual(
    nextPack({ frames: PACK + 5, loop: false }, PACK, AHEAD, () => false),
    [PACK, PACK + 4],
  );
});

test("pictures come out of a pack as they went in, and a cut one is refused", async () => {
  const pack = new Uint8Array([0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9]);
  const pictures = await Promise.all(unpacked(pack.buffer).map((picture) => picture.arrayBuffer()));
  assert.deepEqual(
    pictures.map((picture) => [...new Uint8Array(picture)]),
    [[7, 8], [9]],
  );
  assert.throws(() => unpacked(pack.slice(0, 10).buffer), /middle/);
  assert.deepEqual(unpacked(new ArrayBuffer(0)), []);
});
