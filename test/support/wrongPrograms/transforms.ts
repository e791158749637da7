/* Wrong programs: tracing, transforms, compiling. */
import {
  ArgumentError,
  AxisError,
  add,
  array,
  bind1,
  cast,
  compile,
  customJvp,
  customVjp,
  DTypeError,
  definePrimitive,
  evalIR,
  exp,
  explainCompile,
  grad,
  hvp,
  jacrev,
  jit,
  jvp,
  LeakedTracerError,
  linearize,
  linearTranspose,
  MissingRuleError,
  makeIR,
  mul,
  noAttrs,
  notDifferentiable,
  notLinear,
  ones,
  referenceEngine,
  ShapeError,
  scalar,
  sin,
  sum,
  type Tensor,
  TreeMismatchError,
  valueAndGradAux,
  vjp,
  vmap,
  zeros,
} from '@cotangent/core'
import type { WrongPrograms } from './wrongProgram.js'

const x = ones([2])
const i = array([1, 2], 'i32')

/** Border: what JavaScript lets through. */
const untyped = <T>(value: unknown): T => value as T

/** An operation with a value and nothing else. */
const opaque = (operand: Tensor): Tensor => bind1(opaquePrimitive, [operand], {})
const opaquePrimitive = definePrimitive({
  name: 'opaque',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => a,
  evaluate: ([a], _, [y]) => y.data.set(a.data),
  jvp: notDifferentiable('its derivative is not known'),
  transpose: notLinear,
  batch: notDifferentiable('it takes one example at a time'),
})

/** Linear, as it says, and without a transpose. */
const oneWay = (operand: Tensor): Tensor => bind1(oneWayPrimitive, [operand], {})
const oneWayPrimitive = definePrimitive({
  name: 'oneWay',
  arity: 1,
  attrs: noAttrs,
  abstractEval: ([a]) => a,
  evaluate: ([a], _, [y]) => y.data.set(a.data),
  jvp: [(dx) => oneWay(dx)],
  transpose: [notDifferentiable('its transpose is not known')],
  batch: ([a]) => oneWay(a),
})

const identity = customVjp((v: Tensor) => v, { forward: (v) => [v, null], backward: (_, ct) => [ct] })

const wrongRule = (forward: (v: Tensor) => unknown, backward: (r: null, ct: Tensor) => unknown) =>
  customVjp(
    (v: Tensor) => exp(v),
    untyped<Parameters<typeof customVjp<[Tensor], Tensor, null>>[1]>({ forward, backward }),
  )

const leaked = (): Tensor => {
  let kept: Tensor = scalar(0)
  grad((v: Tensor) => {
    kept = v
    return sum(v)
  })(x)
  return kept
}

export const transforms: WrongPrograms = {
  'grad, a vector': [TreeMismatchError, () => grad((v: Tensor) => v)(x)],
  'grad, an integer result': [DTypeError, () => grad((v: Tensor) => sum(cast(v, 'i32')))(x)],
  'grad with respect to integers': [ArgumentError, () => grad((v: Tensor) => sum(v))(i)],
  'grad, no such argument': [ArgumentError, () => grad((v: Tensor) => sum(v), { argument: 1 })(x)],
  'grad of an asynchronous function': [
    ArgumentError,
    () => grad(untyped<(v: Tensor) => Tensor>(async (v: Tensor) => sum(v)))(x),
  ],
  'valueAndGradAux without more': [
    TreeMismatchError,
    () => valueAndGradAux(untyped<(v: Tensor) => readonly [Tensor, Tensor]>((v: Tensor) => sum(v)))(x),
  ],
  'jvp, a tangent of another shape': [ArgumentError, () => jvp((v: Tensor) => v, [x], [scalar(1)])],
  'jvp, tangents of another structure': [TreeMismatchError, () => jvp((v: Tensor) => v, [x], untyped<[Tensor]>([[x]]))],
  'jvp over an operation without a derivative': [MissingRuleError, () => jvp(opaque, [x], [x])],
  'grad over an operation without a transpose': [MissingRuleError, () => grad((v: Tensor) => sum(oneWay(v)))(x)],
  'linearize, a tangent of another shape': [ArgumentError, () => linearize((v: Tensor) => v, x)[1](scalar(1))],
  'vjp, a cotangent of another shape': [ArgumentError, () => vjp((v: Tensor) => v, x)[1](scalar(1))],
  'vmap over an operation without a rule': [MissingRuleError, () => vmap(opaque)(x)],
  'vmap, axes of different length': [ShapeError, () => vmap((a: Tensor, b: Tensor) => mul(a, b))(x, ones([3]))],
  'vmap, nothing mapped': [ShapeError, () => vmap((v: Tensor) => v, { inAxes: null })(x)],
  'vmap, axes for two arguments': [ArgumentError, () => vmap((v: Tensor) => v, { inAxes: [0, 0] })(x)],
  'vmap of a scalar': [AxisError, () => vmap((v: Tensor) => v)(scalar(1))],
  'vmap, no such result axis': [AxisError, () => vmap((v: Tensor) => v, { outAxes: 1 })(x)],
  'vmap, a shared result that differs': [ArgumentError, () => vmap(sin, { outAxes: null })(x)],
  'vmap, axes for two results': [ArgumentError, () => vmap(sin, { outAxes: [0, 0] })(x)],
  'jit, a position that cannot be': [ArgumentError, () => jit(sin, { static: untyped<[0]>([-1]) })(x)],
  'jit, a static tensor': [ArgumentError, () => jit(sin, { static: [0] })(x)],
  'jacrev, an integer result': [DTypeError, () => jacrev((v: Tensor) => cast(v, 'i32'))(x)],
  'grad, an argument twice': [ArgumentError, () => grad((v: Tensor) => sum(v), { argument: [0, 0] })(x)],
  'hvp, a vector of another shape': [ArgumentError, () => hvp((v: Tensor) => sum(v), [x], [scalar(1)])],
  'linearTranspose of what is not linear': [MissingRuleError, () => linearTranspose(sin, x)],
  'linearTranspose, a cotangent of another shape': [
    ArgumentError,
    () => linearTranspose((v: Tensor) => mul(v, 2), x)(scalar(1)),
  ],
  'customJvp, a bare value': [
    TreeMismatchError,
    () =>
      jvp(
        customJvp(
          (v: Tensor) => exp(v),
          untyped<(v: [Tensor]) => readonly [Tensor, Tensor]>(([v]: [Tensor]) => exp(v)),
        ),
        [x],
        [x],
      ),
  ],
  'customVjp, forward mode': [MissingRuleError, () => jvp(identity, [x], [x])[1].data],
  'customVjp, what it closes over': [
    MissingRuleError,
    () =>
      grad((w: Tensor) => {
        const f = customVjp((v: Tensor) => mul(v, w), {
          forward: (v) => [mul(v, w), null],
          backward: (_, ct) => [mul(ct, w)],
        })
        return f(scalar(2))
      })(scalar(3)),
  ],
  'customVjp, a cotangent of another shape': [
    TreeMismatchError,
    () =>
      wrongRule(
        (v) => [exp(v), null],
        () => [zeros([3])],
      )(scalar(1)),
  ],
  'customVjp, a bare cotangent': [
    TreeMismatchError,
    () =>
      wrongRule(
        (v) => [exp(v), null],
        (_, ct) => ct,
      )(scalar(1)),
  ],
  'customVjp, a value of another structure': [
    TreeMismatchError,
    () =>
      wrongRule(
        (v) => [[v, v], null],
        (_, ct) => [ct],
      )(scalar(1)),
  ],
  'a traced value that is read': [LeakedTracerError, () => jit((v: Tensor) => (v.item() > 0 ? v : sin(v)))(scalar(1))],
  'a traced value that is awaited': [
    LeakedTracerError,
    async () => {
      const reads: Promise<unknown>[] = []
      makeIR((v: Tensor) => {
        reads.push(v.read())
        return v
      })(x)
      await Promise.all(reads)
    },
  ],
  'a traced value that was kept': [LeakedTracerError, () => add(leaked(), 1)],
  'explainCompile of the function itself': [ArgumentError, () => explainCompile(sin)],
  'evalIR, an argument too few': [ArgumentError, () => evalIR(makeIR((v: Tensor) => sin(v))(x), [])],
  'evalIR, an argument of another shape': [ArgumentError, () => evalIR(makeIR((v: Tensor) => sin(v))(x), [scalar(1)])],
  'a compiled function under a transform': [
    ArgumentError,
    async () => {
      const f = compile((v: Tensor) => sum(v), referenceEngine())
      let result: Promise<Tensor> | null = null
      jit((v: Tensor) => {
        result = f(v)
        return v
      })(x)
      await result
    },
  ],
}
