import { ArgumentError, bind1, customJvp, customVjp, isFloating, type Primitive, Tensor } from '@cotangent/core'
import { checkDefinition, type KernelDefinition, type PerOperand } from './definition.js'
import { type AnyDefinition, kernelsOf } from './kernels.js'
import { kernelLowering } from './lowerKernel.js'
import { type KernelAttrs, kernelPrimitive } from './record.js'
import { addUserLowering } from './userLowerings.js'

/** A user's kernel: a function of tensors, and the primitive that its equations apply. */
export interface UserKernel<N extends readonly string[]> {
  (...operands: PerOperand<N, Tensor>): Tensor
  /** For `parseIR`, and to ask an engine whether it has a lowering of it. */
  readonly primitive: Primitive<KernelAttrs>
}

type ListFunction = (...operands: readonly Tensor[]) => Tensor

const named = (name: string, f: ListFunction): ListFunction => Object.defineProperty(f, 'name', { value: name })

/** The kernel with the derivative of its definition, through which rules pass too. */
const differentiable = ({ name, vjp, jvp }: AnyDefinition, kernel: ListFunction): ListFunction => {
  if (vjp !== undefined) {
    const f: ListFunction = customVjp(named(name, kernel), {
      forward: (...xs) => {
        const y = f(...xs)
        return [y, [xs, y] as const]
      },
      backward: ([xs, y], ct) => vjp(xs, y, ct),
    })
    return f
  }
  if (jvp === undefined) return kernel
  const f: ListFunction = customJvp(named(name, kernel), (xs, dxs) => {
    const y = f(...xs)
    return [y, jvp(xs, y, dxs)]
  })
  return f
}

/**
 * A gpu.js kernel of one's own as an operation: on the GPU engine the kernel runs as it is written, everywhere else its
 * reference does. It goes through every transform: gradients and tangents by the `vjp` or `jvp` that is given, batches by one
 * longer run of the same kernel. Where the result is i32 or bool there is no derivative, and none is asked for.
 *
 * Shape rule, text and reference are looked at once per shapes and dtypes of the operands, when they are first met.
 *
 * @param definition name, operands, shape rule, kernel text, reference, and a derivative if there is one
 * @returns the function; `.primitive` is its record
 * @throws ArgumentError, ShapeError, DTypeError that name the kernel: for a definition that contradicts itself.
 * MissingRuleError for a derivative that was not given
 * @example
 * const cubed = defineKernel({
 *   name: 'cubed',
 *   operands: ['x'],
 *   result: ([x]) => x,
 *   source: () => 'function (x) { const v = x[this.thread.x]; return v * v * v; }',
 *   reference: (x) => mul(mul(x, x), x),
 *   vjp: ([x], _, ct) => [mul(ct, mul(3, mul(x, x)))],
 * })
 * cubed(array([1, 2])) // => [1, 8]
 * grad(cubed)(scalar(2)) // => 12
 */
export const defineKernel = <const N extends readonly string[]>(definition: KernelDefinition<N>): UserKernel<N> => {
  // border: the operands' number, which the types of a definition know, is data from here on
  const untyped = definition as unknown as AnyDefinition
  checkDefinition(untyped)
  const { name, operands: names } = untyped
  const kernels = kernelsOf(untyped)
  const primitive = kernelPrimitive(untyped, kernels)
  addUserLowering(primitive, kernelLowering(name, kernels))

  const kernelFor = (xs: readonly Tensor[]) => kernels.at(xs.map((x) => x.aval))
  const apply: ListFunction = (...xs) => bind1(primitive, xs, { kernel: kernelFor(xs).digest, batch: [] })
  const withDerivative = differentiable(untyped, apply)

  const call: ListFunction = (...xs) => {
    if (xs.length !== names.length || !xs.every((x) => x instanceof Tensor)) {
      throw new ArgumentError({
        op: name,
        expected: `${name} takes one tensor for each of its operands: ${names.join(', ')}.`,
        received: xs.map((x: unknown) => (x instanceof Tensor ? String(x) : typeof x)).join(', ') || 'nothing',
        todo: 'give one tensor for each operand; array() or scalar() makes one of numbers',
      })
    }
    return isFloating(kernelFor(xs).result.dtype) ? withDerivative(...xs) : apply(...xs)
  }
  // border: as above
  return Object.assign(named(name, call), { primitive }) as unknown as UserKernel<N>
}
