/*
 * A matrix product that is not emitted yet, so that what happens to it next (a number times it, a sum, a transpose, a
 * reshape) can become part of the same operator: alpha a b + beta c is what a GEMM computes.
 */
import type { DType, Equation, Shape } from '@cotangent/core'
import type { Builder } from './builder.js'

/** One factor: a stored tensor, seen as a matrix (or a batch of them). */
export interface Factor {
  readonly name: string
  /** Its lengths: [...batch, rows, columns], as stored. */
  readonly shape: Shape
  /** Whether rows and columns are to be exchanged first. */
  readonly transposed: boolean
}

/** `alpha · left · right + addend`, with its result's axes as `shape` says. */
export interface Product {
  readonly kind: 'product'
  readonly dtype: DType
  readonly left: Factor
  readonly right: Factor
  /** [...batch, m, n]. */
  readonly matrix: Shape
  /** The result's axes: those of the batch, of m, of n, in this order. */
  readonly axes: readonly [batch: Shape, rows: Shape, columns: Shape]
  readonly shape: Shape
  readonly alpha: number
  readonly addend: Addend | null
  /** The contraction it is, whatever becomes part of it. */
  readonly equation: Equation | null
}

/** What is added to a product: a tensor that broadcasts to [m, n], or another product of that size. */
export interface Addend {
  readonly source: string | Product
  readonly beta: number
}

/** Whether a number, a sum and an exchange of axes can still become part of it. */
export const isFusible = ({ dtype }: Product): boolean => dtype === 'f32'

export const isBatched = ({ matrix }: Product): boolean => matrix.length > 2

/** `(a b)ᵀ = bᵀ aᵀ`; the addend must not be there yet. */
export const exchanged = (product: Product): Product => {
  const { left, right, matrix, axes } = product
  const [batch, rows, columns] = axes
  return {
    ...product,
    left: { ...right, transposed: !right.transposed },
    right: { ...left, transposed: !left.transposed },
    matrix: [...matrix.slice(0, -2), ...matrix.slice(-1), ...matrix.slice(-2, -1)],
    axes: [batch, columns, rows],
    shape: [...batch, ...columns, ...rows],
  }
}

const swapLast = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]

const inPlace = (builder: Builder, { name, shape, transposed }: Factor): string =>
  transposed ? builder.shared('Transpose', [name], { perm: { ints: swapLast(shape.length) } }) : name

const ms = 'com.microsoft'

const flag = (name: string, on: boolean) => (on ? { [name]: { int: 1 } } : {})
const factor = (name: string, value: number) => (value === 1 ? {} : { [name]: { float: value } })

const addendName = (builder: Builder, { source }: Addend): string =>
  typeof source === 'string' ? source : emitMatrix(builder, source)

/** Emits the operator; the name of the result, of the product's `shape`. */
export const emitProduct = (builder: Builder, product: Product): string =>
  builder.reshaped(emitMatrix(builder, product), product.matrix, product.shape)

/**
 * aᵀ b with b thin, the gradient of an adapter: as (bᵀ a)ᵀ it takes half the time (256 x 1024 x 16: 96 in place of
 * 175 us), and the small result is quickly turned round.
 */
const isTallOverThin = ({ left, right, matrix: [m = 0, n = 0] }: Product): boolean =>
  left.transposed && !right.transposed && n > 1 && n <= 32 && 4 * n <= m

const emitMatrix = (builder: Builder, product: Product): string =>
  builder.during(product.equation, () => emitOperator(builder, product))

const emitOperator = (builder: Builder, product: Product): string => {
  const { left, right, alpha, addend, dtype } = product
  const transposes = { ...flag('transA', left.transposed), ...flag('transB', right.transposed) }
  if (dtype === 'i32') return builder.node('MatMul', [inPlace(builder, left), inPlace(builder, right)])
  if (isBatched(product) || dtype === 'f64') {
    const plain = !left.transposed && !right.transposed && alpha === 1
    const attributes = { ...transposes, ...factor('alpha', alpha) }
    return plain
      ? builder.node('MatMul', [left.name, right.name])
      : builder.node('FusedMatMul', [left.name, right.name], attributes, ms)
  }
  if (addend === null && isTallOverThin(product)) {
    // not a Gemm: onnxruntime would put that and the Transpose together again
    const thin = builder.node(
      'FusedMatMul',
      [right.name, left.name],
      { transA: { int: 1 }, ...factor('alpha', alpha) },
      ms,
    )
    return builder.node('Transpose', [thin], { perm: { ints: [1, 0] } })
  }
  const inputs = [left.name, right.name, ...(addend === null ? [] : [addendName(builder, addend)])]
  return builder.node('Gemm', inputs, {
    ...transposes,
    ...factor('alpha', alpha),
    ...(addend === null ? {} : factor('beta', addend.beta)),
  })
}
