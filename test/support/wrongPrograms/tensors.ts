/* Wrong programs: making tensors, reading them, and random numbers. */
import {
  ArgumentError,
  add,
  array,
  BufferError,
  bernoulli,
  broadcastTo,
  choice,
  DTypeError,
  eye,
  foldIn,
  full,
  HostTensor,
  iota,
  key,
  mul,
  normal,
  oneHot,
  ones,
  permutation,
  printAval,
  randint,
  ShapeError,
  scalar,
  sin,
  split,
  splitKeys,
  Tensor,
  TreeMismatchError,
  type TypedArray,
  tensor,
  treeMap,
  uniform,
  zeros,
} from '@cotangent/core'
import type { WrongPrograms } from './wrongProgram.js'

/** A tensor on some device: it has an aval, and no elements here. */
class Elsewhere extends Tensor {
  readonly aval = { shape: [2], dtype: 'f32' } as const
  get data(): TypedArray {
    throw new Error('not here')
  }
  read(): Promise<HostTensor> {
    return Promise.resolve(new HostTensor(new Float32Array(2), [2], 'f32'))
  }
  toString(): string {
    return `Elsewhere ${printAval(this.aval)}`
  }
}

const donated = (): Tensor => {
  const x = array([1, 2])
  x.donate()
  return x
}

const x = ones([32, 64])

/** Border: what JavaScript lets through. */
const untyped = <T>(value: unknown): T => value as T

export const tensors: WrongPrograms = {
  'array, rows of different lengths': [ShapeError, () => array([[1], [1, 2]])],
  'array, rows of different depth': [ShapeError, () => array([1, [2]])],
  'array of undefined': [ArgumentError, () => array(untyped([1, undefined]))],
  'array of texts': [ArgumentError, () => array(untyped(['1', '2']))],
  'array of tensors': [ArgumentError, () => array(untyped([scalar(1), scalar(2)]))],
  'tensor, too few elements': [ShapeError, () => tensor(new Float32Array(3), [2, 2])],
  'tensor, negative lengths': [ShapeError, () => tensor(new Float32Array(4), [-2, -2])],
  'zeros, a negative length': [ShapeError, () => zeros([2, -1])],
  'ones, a broken length': [ShapeError, () => ones([1.5])],
  'full, a value that the dtype does not hold': [DTypeError, () => full([2], 0.5, 'i32')],
  'iota, a negative length': [ShapeError, () => iota(-1)],
  'eye, a broken length': [ShapeError, () => eye(1.5)],
  'oneHot, floats': [DTypeError, () => oneHot(array([1.5]), 3)],
  'oneHot, a negative number of classes': [ShapeError, () => oneHot(array([1], 'i32'), -3)],
  'broadcastTo, a negative length': [ShapeError, () => broadcastTo(scalar(1), [-1])],
  'item of many': [ShapeError, () => x.item()],
  'data of a donated tensor': [BufferError, () => donated().data],
  'an operation on a donated tensor': [BufferError, () => sin(donated())],
  'an operation on a device tensor': [BufferError, () => sin(new Elsewhere())],
  'an operand that is no tensor': [ArgumentError, () => sin(untyped(1))],
  'an operand that is an Array': [ArgumentError, () => add(x, untyped([1, 2]))],
  'an operand of another copy': [
    ArgumentError,
    () => add(x, untyped({ [Symbol.for('@cotangent/core/tensor')]: '0.0.1' })),
  ],
  'a fraction beside integers': [DTypeError, () => mul(array([1], 'i32'), 0.5)],
  'key, a negative seed': [ArgumentError, () => key(-1)],
  'split of what is no key': [DTypeError, () => split(x)],
  'split, a negative count': [ShapeError, () => split(key(0), -1)],
  'splitKeys of floats': [DTypeError, () => splitKeys(ones([2]), 3)],
  'normal, several keys': [DTypeError, () => normal(splitKeys(key(0), 3), [2])],
  'uniform, no key': [ArgumentError, () => uniform(untyped(0), [2])],
  'uniform, a negative length': [ShapeError, () => uniform(key(0), [-2])],
  'foldIn, a fraction': [ArgumentError, () => foldIn(key(0), 0.5)],
  'foldIn, a float': [DTypeError, () => foldIn(key(0), scalar(1))],
  'bernoulli, no probability': [ArgumentError, () => bernoulli(key(0), 2, [3])],
  'randint, an empty range': [ArgumentError, () => randint(key(0), [2], 3, 3)],
  'choice from half a thing': [ArgumentError, () => choice(key(0), 1.5, [2])],
  'choice from nothing': [ShapeError, () => choice(key(0), 0, [2])],
  'choice of more than there is': [ShapeError, () => choice(key(0), x, [33], { replace: false })],
  'choice, probabilities of others': [ShapeError, () => choice(key(0), 3, [2], { p: x })],
  'permutation, a broken length': [ShapeError, () => permutation(key(0), 1.5)],
  'a leaf that is a function': [TreeMismatchError, () => treeMap((t) => t, { f: untyped<Tensor>(Math.sin) })],
  'two trees': [TreeMismatchError, () => treeMap((t) => t, { a: x }, { b: x })],
}
