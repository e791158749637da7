/* What makes one number easier to read than another; a failing example is shown with the simplest that still fail. */

/** Characters it takes to write; then distance from 0. */
const complexity = (x: number): readonly [number, number] => [String(x).length, Math.abs(x)]

const isNumberList = (x: unknown): x is readonly number[] =>
  Array.isArray(x) && x.every((value) => typeof value === 'number')

/** Whether `a` is easier to read than `b`: numbers, or pairs of them. Of other things any may be. */
export const isSimpler = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'number' && typeof b === 'number') {
    const [[length, size], [otherLength, otherSize]] = [complexity(a), complexity(b)]
    return length < otherLength || (length === otherLength && (size < otherSize || (size === otherSize && a > b)))
  }
  if (!isNumberList(a) || !isNumberList(b)) return true
  const changed = a.flatMap((x, i) => (Object.is(x, b[i]) ? [] : [isSimpler(x, b[i])]))
  return changed.length > 0 && changed.every((simpler) => simpler)
}

/** 0, ±1, whole numbers nearby, and the number with fewer binary places. */
const simplerNumbers = (x: number): readonly number[] => {
  if (!Number.isFinite(x)) return []
  const whole = Math.trunc(x)
  const rounded = [2, 4, 8].map((parts) => Math.trunc(x * parts) / parts)
  const candidates = [0, 1, -1, Math.trunc(x / 2), whole - Math.sign(x), whole, whole + Math.sign(x), ...rounded]
  return [...new Set(candidates.map((value) => (value === 0 ? 0 : value)))].filter((value) => isSimpler(value, x))
}

/** Candidates that are easier to read than `x`, the simplest first; none for what is neither a number nor a pair. */
export const simplerThan = (x: unknown): readonly unknown[] => {
  if (typeof x === 'number') return simplerNumbers(x)
  if (!isNumberList(x)) return []
  return x.flatMap((value, i) => simplerNumbers(value).map((next) => x.with(i, next)))
}
