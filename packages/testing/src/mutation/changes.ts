/* What may be wrong with a rule: its sign, a factor, a term that is missing, an axis. The same for every primitive. */
import { broadcastTo, isFloating, logicalNot, mul, slice, type Tensor, transpose, zerosLike } from '@cotangent/core'

/** A change of tensors that a rule takes or gives. */
export interface Change {
  readonly name: string
  readonly of: (x: Tensor) => Tensor
}

const negated = (x: Tensor): Tensor => (x.dtype === 'u32' ? x : x.dtype === 'bool' ? logicalNot(x) : mul(x, -1))

const scaled = (x: Tensor): Tensor => (isFloating(x.dtype) ? mul(x, 1.01) : x)

export const signFlipped: Change = { name: 'sign flipped', of: negated }
export const slightlyMore: Change = { name: 'times 1.01', of: scaled }
export const termDropped: Change = { name: 'term dropped', of: zerosLike }

/** Changes of the tangent or cotangent of one operand. */
export const derivativeChanges: readonly Change[] = [signFlipped, slightlyMore, termDropped]

/** Changes of what a batch rule gives. */
export const resultChanges: readonly Change[] = [signFlipped, slightlyMore]

const entries = (x: Tensor, start: number, end: number): Tensor =>
  slice(
    x,
    x.shape.map((_, axis) => (axis === 0 ? start : 0)),
    x.shape.map((n, axis) => (axis === 0 ? end : n)),
  )

/** The batch axis changes places with the next one that is as long. */
const swapped = (x: Tensor): Tensor => {
  const other = x.shape.indexOf(x.shape[0] ?? 0, 1)
  return other < 0
    ? x
    : transpose(
        x,
        x.shape.map((_, axis) => (axis === 0 ? other : axis === other ? 0 : axis)),
      )
}

/** Every example is the first one. */
const firstOnly = (x: Tensor): Tensor => (x.shape[0] === 0 ? x : broadcastTo(entries(x, 0, 1), x.shape))

export const wrongAxis: Change = { name: 'wrong axis', of: swapped }

/** Changes of an operand that has the batch axis in front. */
export const batchChanges: readonly Change[] = [wrongAxis, { name: 'term dropped', of: firstOnly }]
