/*
 * A shape with its elements as one arbitrary, so that both shrink together: axes go or get shorter while the elements
 * that are left stay as they are; then the numbers become simpler.
 */
import { type Shape, sizeOf } from '@cotangent/core'
import * as fc from 'fast-check'
import { type ShapeConstraints, shapeArbitrary } from './shapes.js'
import { isSimpler, simplerThan } from './simpler.js'

/** The elements of a tensor in row-major order. */
export interface Filled<T> {
  readonly shape: Shape
  readonly values: readonly T[]
}

/** What shapes an example may shrink to. */
type Limits = Required<Pick<ShapeConstraints, 'minRank' | 'minLength'>>

interface Shrunk<T> extends Filled<T> {
  /** What the elements' own arbitrary remembers of each. */
  readonly contexts: readonly unknown[]
}

class FilledArbitrary<T> extends fc.Arbitrary<Filled<T>> {
  constructor(
    private readonly shapes: fc.Arbitrary<Shape>,
    private readonly element: fc.Arbitrary<T>,
    /** `null`: the shape stays. */
    private readonly limits: Limits | null,
  ) {
    super()
  }

  generate(random: fc.Random, bias: number | undefined): fc.Value<Filled<T>> {
    const { value: shape } = this.shapes.generate(random, bias)
    const elements = Array.from({ length: sizeOf(shape) }, () => this.element.generate(random, bias))
    return valueOf({
      shape,
      values: elements.map((element) => element.value),
      contexts: elements.map((element) => element.context),
    })
  }

  canShrinkWithoutContext(_value: unknown): _value is Filled<T> {
    return false
  }

  shrink(filled: Filled<T>, context: unknown): fc.Stream<fc.Value<Filled<T>>> {
    const contexts = Array.isArray(context) ? (context as readonly unknown[]) : [] // border: ours, from `generate`
    const whole: Shrunk<T> = { ...filled, contexts }
    return fc.Stream.of(...this.#smallerShapes(whole).map(valueOf)).join(this.#simplerValues(whole))
  }

  #smallerShapes(whole: Shrunk<T>): readonly Shrunk<T>[] {
    if (this.limits === null) return []
    const { minRank, minLength } = this.limits
    const axes = whole.shape.map((length, axis) => ({ length, axis }))
    const dropped = axes
      .filter(
        ({ length, axis }) =>
          whole.shape.length > minRank && (length > 0 || whole.shape.toSpliced(axis, 1).includes(0)),
      )
      .flatMap(({ length, axis }) => [0, length - 1].map((at) => dropAxis(cut(whole, axis, at, at + 1), axis)))
    const shorter = axes.flatMap(({ length, axis }) =>
      [1, Math.ceil(length / 2), length - 1, 0]
        .filter((n) => n < length && n >= minLength)
        .flatMap((n) => [cut(whole, axis, 0, n), cut(whole, axis, length - n, length)]),
    )
    return [...dropped, ...shorter]
  }

  #simplerValues(whole: Shrunk<T>): fc.Stream<fc.Value<Filled<T>>> {
    const { element } = this
    const simpler = (value: T, context: unknown): fc.Stream<fc.Value<T>> =>
      fc.Stream.of(...simplerThan(value).filter((x): x is T => element.canShrinkWithoutContext(x)))
        .map((x) => new fc.Value<T>(x, undefined))
        .join(element.shrink(value, context).filter((next) => isSimpler(next.value, value)))
    function* all(): Generator<fc.Value<Filled<T>>> {
      const firsts = whole.values.map((value, i) => simpler(value, whole.contexts[i]).getNthOrLast(0))
      const changed = firsts.filter((next) => next !== null).length
      if (changed > 1) {
        yield valueOf({
          shape: whole.shape,
          values: whole.values.map((value, i) => firsts[i]?.value ?? value),
          contexts: whole.contexts.map((context, i) => firsts[i]?.context ?? context),
        })
      }
      for (const [i, value] of whole.values.entries()) {
        for (const next of simpler(value, whole.contexts[i])) {
          yield valueOf({
            shape: whole.shape,
            values: whole.values.with(i, next.value),
            contexts: whole.contexts.with(i, next.context),
          })
        }
      }
    }
    return new fc.Stream(all())
  }
}

const valueOf = <T>({ shape, values, contexts }: Shrunk<T>): fc.Value<Filled<T>> =>
  new fc.Value<Filled<T>>({ shape, values }, contexts)

/** The entries from `start` to `end` along an axis. */
const cut = <T>({ shape, values, contexts }: Shrunk<T>, axis: number, start: number, end: number): Shrunk<T> => {
  const length = shape[axis] ?? 1
  const inner = sizeOf(shape.slice(axis + 1))
  const kept = <E>(list: readonly E[]): readonly E[] =>
    list.filter((_, i) => {
      const at = Math.floor(i / inner) % length
      return at >= start && at < end
    })
  return { shape: shape.with(axis, end - start), values: kept(values), contexts: kept(contexts) }
}

/** Without an axis of length 1. */
const dropAxis = <T>(filled: Shrunk<T>, axis: number): Shrunk<T> => ({
  ...filled,
  shape: filled.shape.toSpliced(axis, 1),
})

/**
 * Elements of a random shape; a failing example shrinks to the smallest shape, then to the simplest elements.
 *
 * @example fc.sample(filledArbitrary({ maxRank: 2 }, tameValue), 1)
 */
export const filledArbitrary = <T>(
  constraints: ShapeConstraints,
  element: fc.Arbitrary<T>,
): fc.Arbitrary<Filled<T>> => {
  const { minRank = 0, minLength = 0 } = constraints
  return new FilledArbitrary(shapeArbitrary(constraints), element, { minRank, minLength })
}

/** Elements of one shape, which stays. */
export const filledOf = <T>(shape: Shape, element: fc.Arbitrary<T>): fc.Arbitrary<Filled<T>> =>
  new FilledArbitrary(fc.constant(shape), element, null)
