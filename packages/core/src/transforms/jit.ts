/*
 * jit : f -> f, with its program as one call equation
 *
 * Transforms look into the program; engines inline it. It is traced once for each signature of its arguments.
 */
import type { IR } from '../ir/ir.js'
import { dataAttrs, definePrimitive, type Primitive } from '../primitives/primitive.js'
import { type TreeDef, treeFlatten, treeUnflatten } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { bind } from '../trace/bind.js'
import { type AnyFunction, trace } from '../trace/trace.js'
import { Tracer } from '../trace/tracer.js'
import { splitBody, transposeWithin } from './bodyRules.js'
import { jvpIR } from './jvp.js'
import { type Position, signatureOf, splitCall } from './signature.js'
import { batchIR } from './vmap.js'

export interface CallAttrs {
  readonly name: string
  readonly ir: IR
}

export const callPrimitive: Primitive<CallAttrs> = definePrimitive({
  name: 'call',
  arity: 'variadic',
  attrs: dataAttrs<CallAttrs>('name', 'ir'),
  abstractEval: (_, { ir }) => ir.outputs.map((atom) => atom.aval),
  evaluate: (operands, { ir }, results, run) => {
    for (const [i, { data }] of run(ir, operands).entries()) results[i]?.data.set(data)
  },
  jvp: {
    kind: 'joint',
    apply: (primals, tangents, { ir }) => {
      const duals = jvpIR(
        ir,
        primals.map((primal, i) => ({ primal, tangent: tangents[i] ?? null })),
      )
      return { primals: duals.map((d) => d.primal), tangents: duals.map((d) => d.tangent) }
    },
  },
  transpose: transposeWithin,
  split: splitBody(({ ir }) => ir),
  batch: (operands, mapped, { ir }, size, axisName) =>
    batchIR(
      ir,
      operands.map((value, i) => ({ value, mapped: mapped[i] ?? false })),
      size,
      axisName,
    ).map(({ value }) => value),
  properties: { body: ({ ir }) => ir },
})

interface Cached {
  readonly ir: IR
  readonly captured: readonly Tensor[]
  readonly out: TreeDef
}

/** How `jit` treats the arguments of a function. */
export interface JitOptions<A extends readonly unknown[]> {
  /**
   * Positions of arguments that are plain values (numbers, texts, functions, lists and objects of them), not tensors: f
   * sees them as they are, and a new value means a new program. Functions and instances of classes are told apart by
   * identity, all else by content.
   */
  readonly static?: readonly Position<A>[]
}

/**
 * A function whose program is traced once per signature (structure, shapes and dtypes of the arguments, values of the
 * static ones, and named axes of vmap around the call) and then appears as one equation. Outside of a transform it
 * evaluates on the reference evaluator; `compile` is what makes it fast.
 *
 * The function must be pure. Tensors that it closes over are constants of the program: a variable that is given another
 * tensor afterwards is not looked at again, so pass what changes as an argument. Only values of a trace that is going
 * on (a call inside of grad, vmap, ... that closes over their arguments) are taken anew at every call.
 *
 * @throws ArgumentError for an async function, and for a static argument that is a tensor
 * @example jit((x) => mul(x, x))
 * @example jit((x, n) => (n === 0 ? x : mul(x, n)), { static: [1] })(scalar(2), 3) // => 6
 */
export const jit = <A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: JitOptions<A> = {},
): ((...args: A) => R) => {
  const cache = new Map<string, Cached>()
  return (...args) => {
    const call = splitCall('jit', f as AnyFunction, args, options.static)
    const [leaves, def] = treeFlatten(call.traced)
    const signature = signatureOf('jit', leaves, def, call.fixed)
    const { ir, captured, out } = cache.get(signature) ?? trace('jit', call.f, call.traced)
    // a value of an outer trace belongs to this call only
    if (!captured.some((x) => x instanceof Tracer)) cache.set(signature, { ir, captured, out })
    return treeUnflatten<R>(out, bind(callPrimitive, [...captured, ...leaves], { name: f.name, ir }))
  }
}
