/* Wrong programs: loops and choices, named axes, running results, texts of programs. */
import {
  ArgumentError,
  AxisError,
  add,
  array,
  associativeScan,
  axisIndex,
  compileChecked,
  cond,
  DTypeError,
  foriLoop,
  grad,
  greater,
  less,
  log,
  MissingRuleError,
  mul,
  NonFiniteError,
  ones,
  ParseError,
  parseIR,
  pmean,
  psum,
  referenceEngine,
  ShapeError,
  scalar,
  scan,
  sum,
  switchCase,
  type Tensor,
  TreeMismatchError,
  topK,
  vmap,
  whileLoop,
} from '@cotangent/core'
import type { WrongPrograms } from './wrongProgram.js'

const x = ones([2])
const same = (v: Tensor): Tensor => v

/** Border: what JavaScript lets through. */
const untyped = <T>(value: unknown): T => value as T

export const control: WrongPrograms = {
  'cond, a predicate of floats': [DTypeError, () => cond(scalar(1), same, same, x)],
  'cond, a predicate for each element': [DTypeError, () => cond(greater(x, 0), same, same, x)],
  'cond, branches of different shape': [ShapeError, () => cond(greater(scalar(1), 0), same, (v) => sum(v), x)],
  'cond, branches of different structure': [
    TreeMismatchError,
    () =>
      cond(
        greater(scalar(1), 0),
        same,
        untyped<typeof same>((v: Tensor) => [v]),
        x,
      ),
  ],
  'switchCase, no branches': [ArgumentError, () => switchCase(0, [], x)],
  'switchCase, an index of floats': [DTypeError, () => switchCase(scalar(1), [same], x)],
  'switchCase, a broken index': [DTypeError, () => switchCase(0.5, [same], x)],
  'scan, lengths': [
    ShapeError,
    () =>
      scan((c: Tensor, { a, b }: { a: Tensor; b: Tensor }) => [add(c, mul(a, b)), null], scalar(0), {
        a: x,
        b: ones([3]),
      }),
  ],
  'scan, no length': [ShapeError, () => scan((c: Tensor) => [c, null], scalar(0), null)],
  'scan, a bare carry': [
    TreeMismatchError,
    () =>
      scan(
        untyped<(c: Tensor, v: Tensor) => readonly [Tensor, Tensor]>((c: Tensor, v: Tensor) => add(c, v)),
        scalar(0),
        x,
      ),
  ],
  'scan, a carry that grows': [ShapeError, () => scan((c: Tensor) => [add(c, x), null], scalar(0), x)],
  'scan, a carry of another structure': [
    TreeMismatchError,
    () =>
      scan(
        untyped<(c: Tensor, v: Tensor) => readonly [Tensor, null]>((c: Tensor) => [[c], null]),
        scalar(0),
        x,
      ),
  ],
  'foriLoop, a broken bound': [ArgumentError, () => foriLoop(0, 1.5, (_, c: Tensor) => c, x)],
  'whileLoop, a test of floats': [DTypeError, () => whileLoop(same, same, scalar(1))],
  'whileLoop backwards': [
    MissingRuleError,
    () =>
      grad((v: Tensor) =>
        whileLoop(
          (c: Tensor) => less(c, 9),
          (c: Tensor) => mul(c, c),
          v,
        ),
      )(scalar(2)),
  ],
  'psum, no such axis': [AxisError, () => vmap((v: Tensor) => psum(v, 'rows'), { axisName: 'batch' })(x)],
  'psum outside of vmap': [AxisError, () => psum(x, 'batch')],
  'axisIndex outside of vmap': [AxisError, () => axisIndex('batch')],
  'pmean of integers': [
    DTypeError,
    () => vmap((v: Tensor) => pmean(v, 'batch'), { axisName: 'batch' })(array([1, 2], 'i32')),
  ],
  'associativeScan, lengths': [
    ShapeError,
    () => associativeScan((a, b) => ({ a: add(a.a, b.a), b: add(a.b, b.b) }), { a: x, b: ones([3]) }),
  ],
  'topK of a scalar': [ShapeError, () => topK(scalar(1), 1)],
  'topK, too many': [ArgumentError, () => topK(x, 3)],
  'parseIR, an unknown primitive': [ParseError, () => parseIR('{ lambda a:f32[] . let b:f32[] = sine a in ( b ) }')],
  'a checked function without a value': [
    NonFiniteError,
    async () => await compileChecked((v: Tensor) => log(v), referenceEngine())(array([-1, 1])),
  ],
}
