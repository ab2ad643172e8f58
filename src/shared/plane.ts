// The learning-forgetting plane (methods 5.6): x = gain on the target, y = mean retention change, both absolute. The base
// is (0, 0) and the ideal is top right.

export interface PlanePoint {
  x: number;
  y: number;
}

/** Indices of the points that no other point beats in both directions. Equal points are all kept. */
export function paretoSet(points: readonly PlanePoint[]): number[] {
  const beats = (a: PlanePoint, b: PlanePoint): boolean => a.x >= b.x && a.y >= b.y && (a.x > b.x || a.y > b.y);
  return points.flatMap((point, index) => (points.some((other) => beats(other, point)) ? [] : [index]));
}

/** Area that the points dominate above the reference corner, default (0, -1) as in methods 5.6. Larger is better. */
export function hypervolume(points: readonly PlanePoint[], reference: PlanePoint = { x: 0, y: -1 }): number {
  const inside = points.filter((point) => point.x > reference.x && point.y > reference.y);
  const fromRight = [...inside].sort((a, b) => b.x - a.x || b.y - a.y);
  let area = 0;
  let top = reference.y;
  for (const point of fromRight) {
    if (point.y <= top) continue;
    area += (point.x - reference.x) * (point.y - top);
    top = point.y;
  }
  return area;
}

/**
 * Retention change at a wanted gain: the curve (a sweep in order, for instance by learning rate, starting at the base) is
 * joined by straight lines and read where it first reaches `gain`. `null` when it never does.
 */
export function retentionAtGain(curve: readonly PlanePoint[], gain: number): number | null {
  const first = curve[0];
  if (!first) return null;
  if (first.x >= gain) return first.y;
  for (let k = 1; k < curve.length; k++) {
    const from = curve[k - 1]!;
    const to = curve[k]!;
    if (to.x >= gain) return from.y + ((to.y - from.y) * (gain - from.x)) / (to.x - from.x);
  }
  return null;
}

/** -y / x, points forgotten per point learnt; `null` without a gain. */
export function forgettingPerGain(point: PlanePoint): number | null {
  return point.x > 0 ? -point.y / point.x : null;
}
