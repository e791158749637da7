/*
 * Where a slider stands and what weight that is: 0 at the left end, then a factor of ten every 20 places.
 */

/** The right end: a weight of 10. */
export const lastPosition = 100

const perDecade = 20
const smallestExponent = -4

/**
 * The weight at a place.
 *
 * @example weightAt(60) // => 0.1
 */
export const weightAt = (position: number): number =>
  position <= 0 ? 0 : Number((10 ** (position / perDecade + smallestExponent)).toPrecision(3))

/**
 * The place whose weight is nearest by its logarithm.
 *
 * @example positionOf(0.01) // => 40
 */
export const positionOf = (weight: number): number =>
  weight <= 0 ? 0 : Math.min(lastPosition, Math.max(1, Math.round(perDecade * (Math.log10(weight) - smallestExponent))))
