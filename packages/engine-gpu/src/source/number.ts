/**
 * A number as a kernel writes it, rounded to f32 first; `null` for what has no portable spelling in the languages
 * gpu.js translates to (infinities, NaN, -0): such a number is passed in a buffer of one element.
 *
 * @example numberText(-0.5) // => '(-0.5)'
 */
export const numberText = (value: number): string | null => {
  const rounded = Math.fround(value)
  if (!Number.isFinite(rounded) || Object.is(rounded, -0)) return null
  return rounded < 0 ? `(${rounded})` : String(rounded)
}
