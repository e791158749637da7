/**
 * Holm's correction of several p values for being several.
 *
 * With p_(1) <= ... <= p_(m):  adjusted_(i) = max over j <= i of min(1, (m - j + 1) p_(j))
 *
 * @param ps p values, [m], any order
 * @returns adjusted p values in the order given, [m]; each at least its p
 * @throws RangeError if one is not between 0 and 1
 * @see Holm, A simple sequentially rejective multiple test procedure, 1979
 * @example holm([0.01, 0.04, 0.03]) // => [0.03, 0.06, 0.06]
 */
export const holm = (ps: readonly number[]): readonly number[] => {
  const bad = ps.findIndex((p) => !(p >= 0 && p <= 1))
  if (bad >= 0) {
    throw new RangeError(
      `holm: a p value must be between 0 and 1.\n  received  ps[${bad}] = ${ps[bad]}\n` +
        '  to do     leave out tests that gave no p value',
    )
  }
  const order = ps.map((p, index) => ({ p, index })).sort((x, y) => x.p - y.p)
  const adjusted = new Array<number>(ps.length).fill(1)
  let running = 0
  order.forEach(({ p, index }, i) => {
    running = Math.max(running, Math.min(1, (ps.length - i) * p))
    adjusted[index] = running
  })
  return adjusted
}
