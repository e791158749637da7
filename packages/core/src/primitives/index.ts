/*
 * The registry: one line per primitive. Engines type their tables of lowerings by these names, the laws and the
 * documentation walk them.
 */
import { condPrimitive } from '../control/condPrimitive.js'
import { scanPrimitive } from '../control/scanPrimitive.js'
import { whilePrimitive } from '../control/whilePrimitive.js'
import { checkpointPrimitive } from '../transforms/checkpoint.js'
import { customJvpPrimitive } from '../transforms/customJvp.js'
import { customVjpPrimitive } from '../transforms/customVjp.js'
import { callPrimitive } from '../transforms/jit.js'
import { scatterAddAlongAxisPrimitive, takeAlongAxisPrimitive } from './alongAxis.js'
import * as arithmetic from './arithmetic.js'
import { barrierPrimitive } from './barrier.js'
import * as bitwise from './bitwise.js'
import * as broadcast from './broadcast.js'
import * as choice from './choice.js'
import { choleskyPrimitive } from './cholesky.js'
import { axisIndexPrimitive, psumPrimitive } from './collectives.js'
import { constantPrimitive } from './constant.js'
import { dotGeneralPrimitive } from './contraction.js'
import { convolutionPrimitive } from './convolution.js'
import { cumsumPrimitive } from './cumulative.js'
import { cofactorPrimitive, detPrimitive, slogdetPrimitive } from './determinant.js'
import { flipPrimitive } from './flip.js'
import { scatterAddPrimitive, takePrimitive } from './indexing.js'
import { eighPrimitive, singularValuesPrimitive } from './linalg.js'
import { standardizePrimitive } from './normalise.js'
import { pinvPrimitive } from './pinv.js'
import type { Primitive } from './primitive.js'
import { qrPrimitive } from './qr.js'
import * as random from './random.js'
import { reducePrecisionPrimitive } from './reducePrecision.js'
import * as reduction from './reduction.js'
import { remPrimitive } from './rounding.js'
import { lastUpdatePrimitive } from './scatterSet.js'
import * as sequence from './sequence.js'
import * as smooth from './smooth.js'
import { solvePrimitive } from './solve.js'
import { argsortPrimitive } from './sorting.js'
import { stopGradientPrimitive } from './stopGradient.js'
import { svdPrimitive } from './svd.js'
import { topKIndicesPrimitive } from './topK.js'
import { triangularSolvePrimitive } from './triangularSolve.js'

/** Every engine has a lowering for these. */
export const basicPrimitives = {
  neg: arithmetic.negPrimitive,
  add: arithmetic.addPrimitive,
  sub: arithmetic.subPrimitive,
  mul: arithmetic.mulPrimitive,
  div: arithmetic.divPrimitive,
  sqrt: arithmetic.sqrtPrimitive,
  rsqrt: arithmetic.rsqrtPrimitive,
  pow: arithmetic.powPrimitive,
  log: arithmetic.logPrimitive,
  log1p: arithmetic.log1pPrimitive,
  exp: arithmetic.expPrimitive,
  expm1: arithmetic.expm1Primitive,
  sign: arithmetic.signPrimitive,
  abs: arithmetic.absPrimitive,
  floor: arithmetic.floorPrimitive,
  maximum: arithmetic.maximumPrimitive,
  minimum: arithmetic.minimumPrimitive,
  sin: smooth.sinPrimitive,
  cos: smooth.cosPrimitive,
  tanh: smooth.tanhPrimitive,
  sigmoid: smooth.sigmoidPrimitive,
  erf: smooth.erfPrimitive,
  atan: smooth.atanPrimitive,
  rem: remPrimitive,
  equal: choice.equalPrimitive,
  less: choice.lessPrimitive,
  lessEqual: choice.lessEqualPrimitive,
  logicalAnd: choice.logicalAndPrimitive,
  logicalOr: choice.logicalOrPrimitive,
  logicalNot: choice.logicalNotPrimitive,
  where: choice.wherePrimitive,
  cast: choice.castPrimitive,
  reshape: broadcast.reshapePrimitive,
  transpose: broadcast.transposePrimitive,
  broadcastTo: broadcast.broadcastToPrimitive,
  reduceSum: broadcast.reduceSumPrimitive,
  reduceMax: reduction.reduceMaxPrimitive,
  argmax: reduction.argmaxPrimitive,
  slice: sequence.slicePrimitive,
  pad: sequence.padPrimitive,
  flip: flipPrimitive,
  concat: sequence.concatPrimitive,
  iota: sequence.iotaPrimitive,
  constant: constantPrimitive,
  take: takePrimitive,
  scatterAdd: scatterAddPrimitive,
  dotGeneral: dotGeneralPrimitive,
  barrier: barrierPrimitive,
} as const

/** Loops and choices: they hold programs. An engine lowers them, or they run on the host. */
export const controlPrimitives = {
  scan: scanPrimitive,
  cond: condPrimitive,
  while: whilePrimitive,
} as const

/** These decompose into others; an engine may have a faster lowering of its own. */
export const composedPrimitives = {
  erfc: smooth.erfcPrimitive,
  gelu: smooth.geluPrimitive,
  softplus: smooth.softplusPrimitive,
  softmax: reduction.softmaxPrimitive,
  logSoftmax: reduction.logSoftmaxPrimitive,
  standardize: standardizePrimitive,
  cumsum: cumsumPrimitive,
  takeAlongAxis: takeAlongAxisPrimitive,
  scatterAddAlongAxis: scatterAddAlongAxisPrimitive,
  argsort: argsortPrimitive,
  lastUpdate: lastUpdatePrimitive,
  convolution: convolutionPrimitive,
  eigh: eighPrimitive,
  singularValues: singularValuesPrimitive,
  topKIndices: topKIndicesPrimitive,
  reducePrecision: reducePrecisionPrimitive,
} as const

/** Matrix algorithms without an operator on any engine: evaluated on the host, in f64, between two of its programs. */
export const matrixPrimitives = {
  triangularSolve: triangularSolvePrimitive,
  solve: solvePrimitive,
  det: detPrimitive,
  cofactor: cofactorPrimitive,
  slogdet: slogdetPrimitive,
  cholesky: choleskyPrimitive,
  qr: qrPrimitive,
  svd: svdPrimitive,
  pinv: pinvPrimitive,
} as const

/** Evaluated on the host on every engine; what depends on them alone is, too. */
export const hostPrimitives = {
  threefry: random.threefryPrimitive,
  randomBits: random.randomBitsPrimitive,
  randomUniform: random.randomUniformPrimitive,
  randomIntegers: random.randomIntegersPrimitive,
  randomPermutation: random.randomPermutationPrimitive,
  erfInv: random.erfInvPrimitive,
  bitwiseAnd: bitwise.bitwiseAndPrimitive,
  bitwiseOr: bitwise.bitwiseOrPrimitive,
  bitwiseXor: bitwise.bitwiseXorPrimitive,
  shiftLeft: bitwise.shiftLeftPrimitive,
  shiftRight: bitwise.shiftRightPrimitive,
} as const

/** Gone before an engine sees a program: inlined or dropped. */
export const structuralPrimitives = {
  stopGradient: stopGradientPrimitive,
  call: callPrimitive,
  customVjp: customVjpPrimitive,
  customJvp: customJvpPrimitive,
  psum: psumPrimitive,
  axisIndex: axisIndexPrimitive,
  checkpoint: checkpointPrimitive,
} as const

/** All primitives, by name. */
export const primitives = {
  ...basicPrimitives,
  ...composedPrimitives,
  ...controlPrimitives,
  ...matrixPrimitives,
  ...hostPrimitives,
  ...structuralPrimitives,
} as const

/** Names of the primitives that every engine lowers. */
export type BasicPrimitiveName = keyof typeof basicPrimitives
/** Names of the primitives that have a decomposition. */
export type ComposedPrimitiveName = keyof typeof composedPrimitives
/** Names of the primitives that hold loops and choices. */
export type ControlPrimitiveName = keyof typeof controlPrimitives
/** Names of all primitives. */
export type PrimitiveName = keyof typeof primitives

/** The attributes of a primitive's equations, by its name. */
export type AttrsOf<N extends PrimitiveName> = (typeof primitives)[N] extends Primitive<infer A> ? A : never
