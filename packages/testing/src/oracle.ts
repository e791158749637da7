import { evalIR, HostTensor, makeIR, type Tensor, type TypedArray, treeFlatten } from '@cotangent/core'

/** A function of a list of tensors: what laws and cases work on, once pytrees are flattened. */
export type ListFunction = (xs: readonly Tensor[]) => readonly Tensor[]

/** An f32 tensor's numbers in f64 storage; other dtypes as they are. */
export const widened = (x: Tensor): HostTensor =>
  x.dtype === 'f32'
    ? new HostTensor(Float64Array.from<number>(x.data), x.shape, 'f64')
    : new HostTensor(x.data, x.shape, x.dtype)

/** The same tensor with every element changed. */
export const mapData = (x: Tensor, f: (value: number, i: number) => number): HostTensor => {
  const data: TypedArray = x.data.slice()
  for (const [i, value] of x.data.entries()) data[i] = f(value, i)
  return new HostTensor(data, x.shape, x.dtype)
}

/** An f32 program, ready to be evaluated in f64 at points of f64. */
export type Oracle = (xs: readonly Tensor[]) => readonly HostTensor[]

/**
 * Traces an f32 function once, and evaluates it in f64 on the reference evaluator from then on.
 *
 * @param avalsLike tensors with the shapes and dtypes the program is traced for
 */
export const oracleOf = (f: ListFunction, avalsLike: readonly Tensor[]): Oracle => {
  const program = makeIR((xs: readonly Tensor[]) => f(xs))(avalsLike)
  return (xs) =>
    treeFlatten(evalIR(program, [xs], { floats: 'f64' }))[0].map((x) => new HostTensor(x.data, x.shape, x.dtype))
}

/**
 * The results of an f32 function computed in f64 throughout.
 *
 * @param points where it is computed, if not at `xs`, whose shapes and dtypes it is traced for
 */
export const oracle = (f: ListFunction, xs: readonly Tensor[], points: readonly Tensor[] = xs): readonly HostTensor[] =>
  oracleOf(f, xs)(points)
