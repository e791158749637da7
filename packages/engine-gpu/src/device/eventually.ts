/** A value, or the promise of one: what computes on the processor is done when its call returns. */
export type Eventually<T> = T | Promise<T>

/** Goes on with a value: at once where it is there already. */
export const andThen = <T, U>(value: Eventually<T>, next: (value: T) => U): Eventually<U> =>
  value instanceof Promise ? value.then(next) : next(value)
