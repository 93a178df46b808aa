import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fitted,
  isFitted,
  resized,
  revealed,
  scrolledTo,
  toTime,
  toX,
  zoomed,
} from "../../../../../pipeline/studio/page/source/timeline/model/axis";
import { snapped, SNAP_ALL } from "../../../../../pipeline/studio/page/source/timeline/model/snap";
import {
  barTicks,
  frameTicks,
  roundStep,
  secondTicks,
  valueTicks,
} from "../../../../../pipeline/studio/page/source/timeline/model/ticks";

const AXIS = fitted(1024, 12, 12);

test("zooming keeps what is under the pointer where it is", () => {
  const close = zoomed(AXIS, 8, 400);
  assert.ok(Math.abs(toTime(close, 400) - toTime(AXIS, 400)) < 1e-9);
  assert.ok(Math.abs(toX(close, toTime(close, 123)) - 123) < 1e-9);
});

test("the axis never leaves the film, and zooming out ends at all of it", () => {
  const close = zoomed(AXIS, 8, 1000);
  assert.ok(toX(scrolledTo(close, -5), 0) > 0 && toX(scrolledTo(close, -5), 0) < 20);
  assert.ok(toX(scrolledTo(close, 99), 12) <= 1024);
  assert.ok(isFitted(zoomed(close, 1e-6, 10)));
  assert.equal(zoomed(AXIS, 1e9, 0).scale, 160 * 12);
});

test("another film in the same view stays fitted, and a close view stays close", () => {
  assert.ok(isFitted(resized(AXIS, 500, 600, 30)));
  assert.equal(resized(zoomed(AXIS, 4, 0), 900, 12, 12).scale, zoomed(AXIS, 4, 0).scale);
});

test("a time out of view is scrolled to, one in view is not", () => {
  const close = zoomed(AXIS, 8, 0);
  assert.equal(revealed(close, 0.5), close);
  const there = revealed(close, 11);
  assert.ok(toX(there, 11) > 0 && toX(there, 11) < 1024);
});

test("labels are apart, at every zoom", () => {
  for (let factor = 1; factor < 3000; factor *= 1.7) {
    const axis = zoomed(fitted(1024, 600, 30), factor, 500);
    for (const ticks of [secondTicks(axis), frameTicks(axis)]) {
      const labelled = ticks.filter((tick) => tick.label).map((tick) => toX(axis, tick.at));
      assert.ok(ticks.length < 400);
      for (let n = 1; n < labelled.length; n++) assert.ok(labelled[n] - labelled[n - 1] > 59);
    }
  }
});

test("bars are numbered from 0 and keep their numbers when some are left out", () => {
  const bars = Array.from({ length: 300 }, (_, n) => n * 2);
  const ticks = barTicks(fitted(800, 600, 12), bars, bars).filter((tick) => tick.label);
  assert.ok(ticks.length > 4 && ticks.length < 20);
  assert.ok(ticks.every((tick) => tick.at === 2 * Number(tick.label)));
});

test("values have round ticks", () => {
  assert.deepEqual(
    valueTicks(1, 1.1, 60).map((tick) => tick.label),
    ["1.00", "1.05", "1.10"],
  );
  assert.deepEqual(
    valueTicks(-10, 10, 52).map((tick) => tick.label),
    ["\u221210", "0", "10"],
  );
  assert.equal(roundStep(0.03), 0.05);
});

test("a time snaps to what is near: beats, keys, the playhead, else to a frame", () => {
  const targets = { beats: [4, 4.5, 5], bars: [4], keys: [4.52], playhead: 3 };
  assert.deepEqual(snapped(4.03, AXIS, targets, SNAP_ALL), { time: 4, to: "bar" });
  assert.deepEqual(snapped(4.53, AXIS, targets, SNAP_ALL), { time: 4.52, to: "key" });
  assert.deepEqual(snapped(2.99, AXIS, targets, SNAP_ALL), { time: 3, to: "playhead" });
  assert.deepEqual(snapped(3.37, AXIS, targets, SNAP_ALL), { time: 40 / 12, to: "" });
  assert.equal(snapped(4.0334, AXIS, targets, { ...SNAP_ALL, on: false }).time, 4.03);
});
