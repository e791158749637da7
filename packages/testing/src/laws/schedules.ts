/* Laws of schedules: numbers that depend on the step, or on the part of the training that is done. */
import { LawError } from './lawError.js'

/** A number for a time: a step, or the part of the training from 0 to 1. */
export type ScheduleOf = (time: number) => number

const fail = (check: string, expected: string, received: string, time: number): never => {
  throw new LawError({ check, expected, received, at: `time ${time}` })
}

/** The values at the corners, exactly: at 0, at the end of the warm-up, at the last step. */
export const scheduleIs = (
  schedule: ScheduleOf,
  corners: readonly (readonly [time: number, value: number])[],
): void => {
  for (const [time, value] of corners) {
    const is = schedule(time)
    if (!Object.is(is + 0, value + 0)) fail('schedule', `it must be ${value}.`, String(is), time)
  }
}

/** Every value lies in [low, high]. */
export const scheduleStaysWithin = (
  schedule: ScheduleOf,
  low: number,
  high: number,
  times: readonly number[],
): void => {
  for (const time of times) {
    const is = schedule(time)
    if (!(is >= low && is <= high)) fail('range of the schedule', `it must lie in [${low}, ${high}].`, String(is), time)
  }
}

/** It never rises (`'falls'`), or never falls (`'rises'`), from time to time. */
export const scheduleIsMonotone = (
  schedule: ScheduleOf,
  direction: 'falls' | 'rises',
  times: readonly number[],
): void => {
  for (const [i, time] of times.entries()) {
    const before = times[i - 1]
    if (before === undefined) continue
    const [a, b] = [schedule(before), schedule(time)]
    if (direction === 'falls' ? b > a : b < a)
      fail('schedule', `it never ${direction === 'falls' ? 'rises' : 'falls'}.`, `${a}, then ${b}`, time)
  }
}
