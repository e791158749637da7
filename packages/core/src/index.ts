/**
 * Tensors and automatic differentiation: trace a pure function to an IR, transform it, run it.
 *
 * @packageDocumentation
 */
export * from './aval.js'
export { type Compiled, type CompileOptions, compile } from './compile/compile.js'
export type { Cause, CompileEvent } from './compile/compileEvent.js'
export type { DeviceStorage, Engine, Executable, OperationTime, ProgramProfile } from './compile/engine.js'
export { explainCompile } from './compile/history.js'
export { prepareIR } from './compile/prepare.js'
export type { SignatureChange } from './compile/signature.js'
export { planStages, type Stage } from './compile/stages.js'
export { cond, switchCase } from './control/cond.js'
export { map, type ScanOptions, scan } from './control/scan.js'
export { foriLoop, whileLoop } from './control/whileLoop.js'
export { type CheckedOptions, compileChecked } from './debug/compileChecked.js'
export { type FindNaNOptions, findNaN } from './debug/findNaN.js'
export { findNaNOn } from './debug/findNaNOn.js'
export { type Enclosing, explainNaN, type NaNReport, type OperandReport, type Place } from './debug/nanReport.js'
export { NonFiniteError } from './debug/nonFiniteError.js'
export { type Profile, type ProfileOptions, profile } from './debug/profile.js'
export type { ProfileEntry } from './debug/profileEntry.js'
export type { ProfileTableOptions } from './debug/profileTable.js'
export * from './errors.js'
export { checkIR } from './ir/check.js'
export { countFlops } from './ir/flops.js'
export { hashIR, hashText } from './ir/hash.js'
export type { Atom, Equation, IR, Literal, Origin, Pass, SourceLine, Var } from './ir/ir.js'
export { freshVar } from './ir/ir.js'
export { type ParseOptions, parseIR } from './ir/parse.js'
export * from './ir/passes.js'
export { type PrintOptions, printIR } from './ir/print.js'
export { elu, geluTanh, leakyRelu, logSigmoid, mish, silu } from './primitives/activations.js'
export { scatterAddAlongAxis, takeAlongAxis } from './primitives/alongAxis.js'
export {
  abs,
  add,
  div,
  exp,
  expm1,
  floor,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  rsqrt,
  sign,
  sqrt,
  square,
  sub,
} from './primitives/arithmetic.js'
export { repeat, roll, splitAlong, swapAxes, tile, unstack } from './primitives/arrange.js'
export { type AssociativeScanOptions, associativeScan } from './primitives/associativeScan.js'
export type { Axes } from './primitives/axes.js'
export {
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  shiftLeft,
  shiftRight,
  shiftRightLogical,
} from './primitives/bitwise.js'
export {
  broadcastTo,
  expandDims,
  full,
  moveAxis,
  ones,
  onesLike,
  reshape,
  squeeze,
  transpose,
  zeros,
  zerosLike,
} from './primitives/broadcast.js'
export {
  cast,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  where,
} from './primitives/choice.js'
export { cholesky } from './primitives/cholesky.js'
export { axisIndex, axisSize, pmean, psum, type Summed } from './primitives/collectives.js'
export { constant } from './primitives/constant.js'
export { type DotAxes, dotGeneral, dotPlan, matmul, outer } from './primitives/contraction.js'
export { type ConvolutionAttrs, type ConvolutionOptions, convolution } from './primitives/convolution.js'
export { type CumulativeOptions, cummax, cumprod, cumsum, logCumsumExp } from './primitives/cumulative.js'
export { cofactor, det, logdet, slogdet } from './primitives/determinant.js'
export { diag, diagonal, trace, tril, triu } from './primitives/diagonal.js'
export { dynamicSlice, dynamicUpdateSlice } from './primitives/dynamicSlice.js'
export { einsum } from './primitives/einsum.js'
export type { Operand } from './primitives/elementwise.js'
export { flip } from './primitives/flip.js'
export {
  type AttrsOf,
  type BasicPrimitiveName,
  basicPrimitives,
  type ComposedPrimitiveName,
  type ControlPrimitiveName,
  composedPrimitives,
  controlPrimitives,
  hostPrimitives,
  matrixPrimitives,
  type PrimitiveName,
  primitives,
  structuralPrimitives,
} from './primitives/index.js'
export { oneHot, scatterAdd, take } from './primitives/indexing.js'
export { type IndexPlace, type IndexSpan, index } from './primitives/indexPlaces.js'
export { jacobiLimit, jacobiSweeps, roundRobin } from './primitives/jacobi.js'
export { eigh, eigvalsh, singularValues } from './primitives/linalg.js'
export { eye, matrixTranspose } from './primitives/matrix.js'
export { matrixPower } from './primitives/matrixPower.js'
export { standardize } from './primitives/normalise.js'
export {
  type MatrixNormOptions,
  matrixNorm,
  nuclearNorm,
  type VectorNormOptions,
  vectorNorm,
} from './primitives/norms.js'
export { type PadMode, padWith } from './primitives/padding.js'
export { lstsq, matrixRank, pinv, type RankOptions } from './primitives/pinv.js'
export { avgPool, maxPool, type PoolOptions } from './primitives/pooling.js'
export * from './primitives/primitive.js'
export { prod } from './primitives/product.js'
export { qr } from './primitives/qr.js'
export { erfInv } from './primitives/random.js'
export { type NarrowFloat, reducePrecision } from './primitives/reducePrecision.js'
export {
  all,
  any,
  argmax,
  argmin,
  logSoftmax,
  logsumexp,
  max,
  mean,
  min,
  type ReduceOptions,
  softmax,
  std,
  sum,
  variance,
} from './primitives/reduction.js'
export { ceil, clip, isFinite, isNaN, mod, rem, round, trunc } from './primitives/rounding.js'
export { scatterSet } from './primitives/scatterSet.js'
export { concat, iota, pad, slice, stack } from './primitives/sequence.js'
export { atan, cos, erf, erfc, gelu, sigmoid, sin, softplus, tanh } from './primitives/smooth.js'
export { inv, solve } from './primitives/solve.js'
export { argsort, type SearchOptions, type SortOptions, searchSorted, sort } from './primitives/sorting.js'
export { stopGradient } from './primitives/stopGradient.js'
export { svd } from './primitives/svd.js'
export { tensordot } from './primitives/tensordot.js'
export { topK } from './primitives/topK.js'
export { type TriangularSolveOptions, triangularSolve } from './primitives/triangularSolve.js'
export { acos, acosh, asin, asinh, atan2, atanh, cbrt, cosh, sinh, tan } from './primitives/trigonometry.js'
export * from './pytree.js'
export { type ChoiceOptions, choice } from './random/choice.js'
export * from './random/random.js'
export { referenceEngine } from './reference/engine.js'
export { type EvaluateOptions, evaluateIR } from './reference/evaluate.js'
export { array, HostTensor, literal, type Nested, scalar, Tensor, tensor, version } from './tensor.js'
export { bind, bind1 } from './trace/bind.js'
export { evalIR, makeIR, type Program } from './trace/makeIR.js'
export { scope } from './trace/origin.js'
export type { Argument, GradOptions } from './transforms/argument.js'
export {
  type CheckpointedOperation,
  type CheckpointOptions,
  type CheckpointPolicy,
  checkpoint,
  saveContractions,
  saveEverything,
  saveNothing,
} from './transforms/checkpoint.js'
export { type CustomJvpRule, customJvp, type TangentsOf } from './transforms/customJvp.js'
export type { CustomOptions } from './transforms/customRules.js'
export { type CustomVjpRules, customVjp } from './transforms/customVjp.js'
export { hessian, hvp } from './transforms/hessian.js'
export { type Jacobian, jacfwd, jacrev } from './transforms/jacobian.js'
export { type JitOptions, jit } from './transforms/jit.js'
export { jvp } from './transforms/jvp.js'
export { linearize } from './transforms/linearize.js'
export { linearTranspose } from './transforms/linearTranspose.js'
export type { ArgumentsAt, Position } from './transforms/signature.js'
export { grad, valueAndGrad, valueAndGradAux, vjp } from './transforms/vjp.js'
export { type InAxes, type MapAxes, type VmapOptions, vmap } from './transforms/vmap.js'
