import { ArgumentError } from '@cotangent/core'

const refuse = (op: string, expected: string, received: string, todo: string): never => {
  throw new ArgumentError({ op, expected, received, todo })
}

/** @throws ArgumentError unless the setting is a finite number above 0 */
export const positive = (op: string, name: string, value: number): void => {
  if (!(value > 0 && Number.isFinite(value)))
    refuse(op, `${name} must be a number above 0.`, `${name} ${value}`, `leave it out, or give a ${name} above 0`)
}

/** @throws ArgumentError unless the setting is a finite number of at least 0 */
export const notNegative = (op: string, name: string, value: number): void => {
  if (!(value >= 0 && Number.isFinite(value)))
    refuse(op, `${name} must be a number of at least 0.`, `${name} ${value}`, `give 0 to do without`)
}

/** @throws ArgumentError unless the rate of decay is in [0, 1) */
export const decayRate = (op: string, name: string, value: number): void => {
  if (!(value >= 0 && value < 1))
    refuse(op, `${name} must be in [0, 1).`, `${name} ${value}`, 'usual are 0.9 for the mean, 0.999 for the square')
}

/** @throws ArgumentError unless `0 <= steps <= total`, both whole */
export const stepCounts = (op: string, name: string, steps: number, total: number): void => {
  if (!(Number.isInteger(steps) && Number.isInteger(total) && steps >= 0 && steps <= total))
    refuse(
      op,
      `${name} must be a whole number from 0 to totalSteps, itself a whole number.`,
      `${name} ${steps}, totalSteps ${total}`,
      'count optimiser steps, not epochs or examples',
    )
}
