import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, toX } from "../../../../../pipeline/studio/page/source/timeline/model/axis";
import { copied, pasted } from "../../../../../pipeline/studio/page/source/timeline/model/clipboard";
import { movable, shifted } from "../../../../../pipeline/studio/page/source/timeline/model/drag";
import { hitAt, itemsWithin } from "../../../../../pipeline/studio/page/source/timeline/model/hits";
import { NO_MOVES, editsOf } from "../../../../../pipeline/studio/page/source/timeline/model/items";
import { keyName } from "../../../../../pipeline/studio/page/source/timeline/model/labels";
import { lanesOf } from "../../../../../pipeline/studio/page/source/timeline/model/lanes";
import { rowsOf } from "../../../../../pipeline/studio/page/source/timeline/model/rows";
import { type Scene, planOf, promptAt } from "../../../../../pipeline/studio/page/source/timeline/model/scene";
import { clicked, itemAtCursor, itemsAt, renamed, walked } from "../../../../../pipeline/studio/page/source/timeline/model/selection";
import { toY } from "../../../../../pipeline/studio/page/source/timeline/model/values";
import { film, key } from "./film";

function scene(): Scene {
  const plan = planOf(film());
  const rows = rowsOf(plan.timeline, { open: new Map(), heights: new Map() }, { music: false, looks: 0 });
  return { ...plan, axis: fitted(1024, 12, 12), rows, moves: NO_MOVES, selected: new Set(), playhead: 0 };
}

test("prompts that overlap lie in different lanes, those that do not share one", () => {
  assert.deepEqual(lanesOf(film().prompts), { lane: [0, 1, 0], count: 2 });
  assert.deepEqual(lanesOf([]), { lane: [], count: 1 });
});

test("the pointer finds a key within a few pixels, and a place of the curve elsewhere", () => {
  const now = scene();
  const row = now.rows.find((one) => one.id === "curve/motion.zoom");
  assert.ok(row);
  const [x, y] = [toX(now.axis, 4), row.y + toY(now.ranges[0], 1.02, row.height)];
  const hit = hitAt(now, x + 5, y - 4);
  assert.ok(hit.kind === "item" && hit.item.uid === "key/motion.zoom[1]");
  const beside = hitAt(now, x + 40, y);
  assert.ok(beside.kind === "curve" && Math.abs(beside.value - 1.02) < 1e-9 && beside.time > 4);
  assert.equal(hitAt(now, 10, 5000).kind, "empty");
});

test("a rubber band takes what it covers in any direction", () => {
  const now = scene();
  const all = itemsWithin(now, 1024, 9999, -1, -1);
  assert.equal(all.length, now.items.length);
  assert.equal(itemsWithin(now, 3, 3, 4, 4).length, 0);
});

test("Tab walks row by row in the order of time, and leaves at both ends", () => {
  const { items } = planOf(film());
  const times = items.map((item) => item.uid);
  assert.equal(times[0], "marker/drop");
  assert.equal(walked(items, null, 1), items[0]);
  assert.equal(walked(items, items[0].uid, -1), null);
  assert.equal(walked(items, items.at(-1)?.uid ?? "", 1), null);
});

test("selected keys move together, and stop together at the end of the film", () => {
  const plan = planOf(film());
  const selected = new Set(["key/motion.zoom[1]", "key/motion.zoom[2]", "key/motion.rotate[1]"]);
  const held = plan.byUid.get("key/motion.zoom[1]");
  assert.ok(held);
  const moves = shifted(plan, movable(plan, selected, held), { seconds: 9, value: 0.5 }, 0.01);
  assert.deepEqual(moves.get("key/motion.zoom[2]"), { time: 12, value: 1.6 });
  assert.deepEqual(moves.get("key/motion.zoom[1]"), { time: 8, value: 1.52 });
  assert.deepEqual(moves.get("key/motion.rotate[1]"), { time: 10, value: -10 });
  assert.deepEqual(editsOf(plan.items, moves)[2], { op: "move", id: "motion.rotate[1]", time: 10 });
});

test("a key never lands on another one of its curve", () => {
  const plan = planOf(film());
  const held = plan.byUid.get("key/motion.zoom[1]");
  assert.ok(held);
  const moves = shifted(plan, [held], { seconds: 4, value: 0 });
  assert.ok(Math.abs((moves.get(held.uid)?.time ?? 0) - (8 - 1 / 12)) < 1e-5);
});

test("what did not move is no edit, and fixed keys do not move", () => {
  const timeline = film();
  Object.assign(timeline.curves[0]!.keys[1]!, { editable: false, time_editable: false });
  const plan = planOf(timeline);
  const held = plan.byUid.get("key/motion.zoom[2]");
  assert.ok(held);
  const moving = movable(plan, new Set(["key/motion.zoom[1]", held.uid]), held);
  assert.deepEqual(
    moving.map((item) => item.uid),
    [held.uid],
  );
  assert.deepEqual(editsOf(plan.items, shifted(plan, moving, { seconds: 0, value: 0 })), []);
});

test("keys are pasted at the playhead with their distances, never onto another key or past the end", () => {
  const plan = planOf(film());
  const keys = copied(plan, new Set(["key/motion.zoom[1]", "key/motion.zoom[2]"]));
  assert.deepEqual(
    pasted(plan, keys, 1).map((edit) => "time" in edit && edit.time),
    [1, 5],
  );
  assert.deepEqual(
    pasted(plan, keys, 4).map((edit) => "time" in edit && edit.time),
    [],
  );
  assert.deepEqual(
    pasted(plan, keys, 9).map((edit) => "time" in edit && edit.time),
    [9],
  );
});

test("clicks select as hands expect", () => {
  assert.deepEqual([...clicked(new Set(["a", "b"]), "a", false)], ["a", "b"]);
  assert.deepEqual([...clicked(new Set(["a", "b"]), "a", true)], ["b"]);
  assert.deepEqual([...clicked(new Set(["a"]), "c", false)], ["c"]);
});

test("keys that have changed places in the text are found again by their times", () => {
  const places = [
    { uid: "key/motion.zoom[1]", row: "curve/motion.zoom", time: 8 },
    { uid: "key/motion.zoom[2]", row: "curve/motion.zoom", time: 4.02 },
    { uid: null, row: "curve/motion.zoom", time: 6 },
  ];
  const items = itemsAt(planOf(film()), places);
  assert.deepEqual(
    items.map((item) => item?.time ?? null),
    [8, 4, null],
  );
  assert.deepEqual(
    [...renamed(places, items)],
    [
      ["key/motion.zoom[1]", "key/motion.zoom[2]"],
      ["key/motion.zoom[2]", "key/motion.zoom[1]"],
    ],
  );
});

test("the cursor finds the key whose text it is in", () => {
  const { items } = planOf(film({ prompts: [], markers: [] }));
  assert.equal(itemAtCursor(items, 46)?.uid, "key/motion.zoom[1]");
  assert.equal(itemAtCursor(items, 999), null);
});

test("an edge of a prompt takes the end of the fade before it along", () => {
  const now = { ...scene(), moves: new Map([["edge/prompts[2]", { time: 6, value: null }]]) };
  assert.deepEqual([promptAt(now, 0).end, promptAt(now, 0).fade_out], [6, 5]);
  assert.deepEqual([promptAt(now, 1).start, promptAt(now, 1).fade_in, promptAt(now, 1).end], [1, 5, 10]);
  assert.deepEqual(promptAt(now, 2), now.timeline.prompts[2]);
});

test("names say what a key is", () => {
  const [curve] = film().curves;
  assert.equal(keyName({ ...curve, unit: "" }, key("x", 4, 1.02)), "zoom key at 4.0 s, 1.02, linear");
  const fixed = { ...key("x", 4.25, 1.02, "in_out_sine"), editable: false, why: "an expression" };
  assert.equal(keyName(curve, fixed), "zoom key at 4.25 s, 1.02, in out sine, value fixed: an expression");
});
