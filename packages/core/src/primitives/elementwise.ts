/* Builders for classes of elementwise primitives, and how their public functions take numbers and broadcast. */
import { type Aval, type DType, isFloating, printAval, type Shape } from '../aval.js'
import { DTypeError, ShapeError } from '../errors.js'
import { literal, notATensor, Tensor } from '../tensor.js'
import { bind1 } from '../trace/bind.js'
import { broadcastTo } from './broadcast.js'
import {
  type BatchRule,
  definePrimitive,
  type JvpEntry,
  type NoAttrs,
  type NoRule,
  noAttrs,
  notLinear,
  type PerOperand,
  type Primitive,
  type TransposeEntry,
} from './primitive.js'

/** A tensor, or a number that takes its partner's dtype. */
export type Operand = Tensor | number

/** The dtypes an op has a meaning for. */
export type Kind = 'floating' | 'numeric' | 'bool' | 'any'

const allowed: Readonly<Record<Kind, (dtype: DType) => boolean>> = {
  floating: isFloating,
  numeric: (dtype) => dtype !== 'bool',
  bool: (dtype) => dtype === 'bool',
  any: () => true,
}

const wants: Readonly<Record<Kind, string>> = {
  floating: 'a floating dtype (f32 or f64)',
  numeric: 'a numeric dtype',
  bool: 'dtype bool',
  any: 'any dtype',
}

/** The operand is a tensor of a dtype the op has a meaning for. */
export const checkKind = (op: string, kind: Kind, x: Tensor, name = 'x'): void => {
  if (!(x instanceof Tensor)) throw notATensor(op, name, x)
  if (!allowed[kind](x.dtype)) {
    throw new DTypeError({
      op,
      expected: `${name} must have ${wants[kind]}.`,
      received: `${name} ${printAval(x.aval)}`,
      todo: kind === 'floating' ? "cast(x, 'f32') first" : 'cast it first',
    })
  }
}

/** Tensors of the numbers among the operands, in the dtype of the first tensor (f32 if there is none). */
export const lift = (op: string, names: readonly string[], operands: readonly Operand[]): Tensor[] => {
  const dtype = operands.find((x) => x instanceof Tensor)?.dtype ?? 'f32'
  return operands.map((x, i) => {
    if (x instanceof Tensor) return x
    if (typeof x === 'number') return literal(x, dtype, op)
    throw notATensor(op, names[i] ?? 'x', x, 'a tensor or a number')
  })
}

/** NumPy's broadcast of shapes; `null` where they do not fit. */
export const commonShape = (shapes: readonly Shape[]): Shape | null => {
  const rank = Math.max(...shapes.map((s) => s.length))
  const result = new Array<number>(rank).fill(1)
  for (const shape of shapes) {
    for (const [i, n] of shape.entries()) {
      const at = i + rank - shape.length
      if (n === 1) continue
      if (result[at] !== 1 && result[at] !== n) return null
      result[at] = n
    }
  }
  return result
}

/**
 * Operands of one shape: axes of length 1 and missing leading axes are repeated.
 *
 * @throws ShapeError if they do not fit
 */
export const broadcastAll = (op: string, names: readonly string[], xs: readonly Tensor[]): Tensor[] => {
  const shape = commonShape(xs.map((x) => x.shape))
  if (shape === null) {
    throw new ShapeError({
      op,
      expected: 'the shapes must be equal, but for axes of length 1 or missing in front.',
      received: xs.map((x, i) => `${names[i]} ${printAval(x.aval)}`).join(', '),
      todo: 'add axes of length 1 with expandDims, or transpose one of them',
    })
  }
  return xs.map((x) => broadcastTo(x, shape))
}

/** Two operands of one shape and dtype. */
export const pair = (op: string, kind: Kind, x: Operand, y: Operand): [Tensor, Tensor] => {
  const [a, b] = lift(op, ['lhs', 'rhs'], [x, y])
  if (a === undefined || b === undefined) throw new Error('unreachable')
  checkKind(op, kind, a, 'lhs')
  if (a.dtype !== b.dtype) {
    throw new DTypeError({
      op,
      expected: 'both operands must have the same dtype.',
      received: `lhs ${printAval(a.aval)}, rhs ${printAval(b.aval)}`,
      todo: 'cast one of them; nothing is promoted by itself',
    })
  }
  const [l, r] = broadcastAll(op, ['lhs', 'rhs'], [a, b])
  if (l === undefined || r === undefined) throw new Error('unreachable')
  return [l, r]
}

/** The batch rule of an elementwise op: unmapped operands are repeated along the batch axis. */
export const elementwiseBatch = <N extends 1 | 2 | 3>(primitive: () => Primitive<NoAttrs>): BatchRule<N, NoAttrs> => {
  return (operands, mapped, attrs, size) => {
    const xs: readonly Tensor[] = operands
    const isMapped: readonly boolean[] = mapped
    return bind1(
      primitive(),
      xs.map((x, i) => (isMapped[i] ? x : broadcastTo(x, [size, ...x.shape]))),
      attrs,
    )
  }
}

/** f(x), element by element. */
export const unary = (spec: {
  readonly name: string
  readonly f: (x: number) => number
  readonly dtype?: (x: DType) => DType
  readonly jvp: JvpEntry<1, NoAttrs>
  readonly transpose?: TransposeEntry<1, NoAttrs>
  readonly decompose?: (operands: PerOperand<1, Tensor>) => Tensor
  readonly flops?: number
}): Primitive<NoAttrs> => {
  const primitive: Primitive<NoAttrs> = definePrimitive({
    name: spec.name,
    arity: 1,
    attrs: noAttrs,
    abstractEval: ([x]) => ({ shape: x.shape, dtype: spec.dtype?.(x.dtype) ?? x.dtype }),
    evaluate: ([x], _, [y]) => {
      const { f } = spec
      const [from, to] = [x.data, y.data]
      for (let i = 0; i < to.length; i++) to[i] = f(from[i] ?? 0)
    },
    jvp: [spec.jvp],
    transpose: [spec.transpose ?? notLinear],
    batch: elementwiseBatch<1>(() => primitive),
    ...(spec.decompose === undefined ? {} : { decompose: spec.decompose }),
    properties: elementwiseProperties(spec.flops),
  })
  return primitive
}

/** f(x, y), element by element, on operands of one shape. */
export const binary = (spec: {
  readonly name: string
  readonly f: (x: number, y: number) => number
  /** In place of f for i32 and u32, where f64 would not be exact. */
  readonly integer?: (x: number, y: number) => number
  readonly dtype?: (x: DType) => DType
  readonly jvp: PerOperand<2, JvpEntry<2, NoAttrs>>
  readonly transpose?: PerOperand<2, TransposeEntry<2, NoAttrs>>
  readonly flops?: number
  /** Evaluated on the host on every engine. */
  readonly host?: boolean
}): Primitive<NoAttrs> => {
  const none: NoRule = notLinear
  const primitive: Primitive<NoAttrs> = definePrimitive({
    name: spec.name,
    arity: 2,
    attrs: noAttrs,
    abstractEval: ([x]) => ({ shape: x.shape, dtype: spec.dtype?.(x.dtype) ?? x.dtype }),
    evaluate: ([x, y], _, [z]) => {
      const f = isFloating(x.dtype) ? spec.f : (spec.integer ?? spec.f)
      const [a, b, to] = [x.data, y.data, z.data]
      for (let i = 0; i < to.length; i++) to[i] = f(a[i] ?? 0, b[i] ?? 0)
    },
    jvp: spec.jvp,
    transpose: spec.transpose ?? [none, none],
    batch: elementwiseBatch<2>(() => primitive),
    properties: { ...elementwiseProperties(spec.flops), ...(spec.host === true ? { host: true } : {}) },
  })
  return primitive
}

export const elementwiseProperties = (flops = 1) => ({
  elementwise: true,
  flops: (_: readonly Aval[], [y]: readonly Aval[]): number =>
    (y?.shape ?? []).reduce((product, n) => product * n, flops),
})
