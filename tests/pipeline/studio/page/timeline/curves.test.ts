import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, zoomed } from "../../../../../pipeline/studio/page/source/timeline/model/axis";
import { EASINGS, easing } from "../../../../../pipeline/studio/page/source/timeline/model/easings";
import {
  computedSegments,
  linePoints,
  sampleAt,
  segmentAt,
} from "../../../../../pipeline/studio/page/source/timeline/model/path";
import { rangeOf, settled, toValue, toY } from "../../../../../pipeline/studio/page/source/timeline/model/values";
import { curve, key } from "./film";

const AXIS = fitted(1024, 12, 12);

test("every easing goes from 0 to 1", () => {
  assert.equal(Object.keys(EASINGS).length, 33);
  for (const [name, ease] of Object.entries(EASINGS)) {
    assert.ok(Math.abs(ease(0)) < 1e-9 && Math.abs(ease(1) - 1) < 1e-9, name);
  }
  assert.ok(Math.abs((easing("bezier(0.42, 0, 0.58, 1)")?.(0.5) ?? 0) - 0.5) < 1e-6);
  assert.equal(easing("constructor"), null);
});

test("a jump is drawn as a jump however close one looks", () => {
  const jump = curve("x", [key("a", 2, 0), key("b", 6, 1, "hold")], [0, 0, 0, 1, 1]);
  const points = linePoints(jump, jump.keys, zoomed(AXIS, 50, 500), []);
  const corner = points.filter((point) => point.time === 6);
  assert.deepEqual(
    corner.slice(0, 2).map((point) => point.value),
    [0, 1],
  );
});

test("samples that do not follow the keys are an expression, and are drawn as they are", () => {
  const wave = Array.from({ length: 121 }, (_, n) => Math.sin(n / 3));
  const odd = curve("x", [key("a", 0, 0), key("b", 12, 0)], wave);
  assert.deepEqual(computedSegments(odd, 12), [false, false]);
  const points = linePoints(odd, odd.keys, AXIS, []);
  assert.ok(
    points.length > 100 && points.every(({ time, value }) => Math.abs(sampleAt(wave, 12, time) - value) < 1e-9),
  );
});

test("smooth is monotone between keys and flat at its ends", () => {
  const knots = [key("a", 0, 0), key("b", 2, 1, "smooth"), key("c", 4, 1.2, "smooth"), key("d", 8, 5, "smooth")];
  let before = -1e-9;
  for (let time = 0; time <= 8; time += 0.05) {
    const n = knots.findIndex((knot) => knot.time >= time - 1e-9);
    const value = segmentAt(knots, Math.max(1, n), time);
    assert.ok(value >= before - 1e-9, `falls at ${time}`);
    before = value;
  }
});

test("values survive the way to pixels and back, and settle to what a pixel shows", () => {
  const zoom = curve("x", [key("a", 0, 1), key("b", 1, 1.1)], [1, 1.1]);
  const range = rangeOf(zoom);
  assert.ok(Math.abs(toValue(range, toY(range, 1.034, 76), 76) - 1.034) < 1e-12);
  assert.equal(settled(1.03412, zoom, range, 76, 0.01), 1.034);
  assert.equal(settled(9, { ...zoom, high: 2 }, range, 76, 0.01), 2);
  const flat = rangeOf(curve("x", [key("a", 0, 1)], [1, 1]));
  assert.ok(flat.low < 1 && flat.high > 1);
});
