import { ArgumentError, type Aval, primitives, type Tensor } from '@cotangent/core'
import { maximumParameters } from '../program/value.js'

/** One entry per operand, in their order. */
export type PerOperand<N extends readonly string[], T> = { readonly [I in keyof N]: T }

/** The derivative of a user kernel: backwards, forwards (and backwards by transposing it), or none. */
export type KernelDerivative<N extends readonly string[]> =
  | {
      /**
       * The operands' cotangents for that of the result, `null` where there is none (an index, a mask): functions of core,
       * or other user kernels.
       */
      readonly vjp?: (
        operands: PerOperand<N, Tensor>,
        result: Tensor,
        cotangent: Tensor,
      ) => PerOperand<N, Tensor | null>
      readonly jvp?: never
    }
  | {
      /**
       * The result's tangent for those of the operands, in which it must be linear; the tangent of an integer or bool
       * operand is `null`.
       */
      readonly jvp: (operands: PerOperand<N, Tensor>, result: Tensor, tangents: PerOperand<N, Tensor | null>) => Tensor
      readonly vjp?: never
    }

/** What `defineKernel` is told. */
export type KernelDefinition<N extends readonly string[]> = KernelDerivative<N> & {
  /** What programs and messages call it. */
  readonly name: string
  /** Names of the operands, 1 to 7, for messages. */
  readonly operands: N
  /** The shape rule: shape and dtype of the result. It throws where operands do not fit. */
  readonly result: (operands: PerOperand<N, Aval>) => Aval
  /**
   * The text of a gpu.js kernel: `function (x, y) { ... }`, one parameter per operand, each a flat row-major array that is
   * read as `x[place]`; `this.thread.x` is the place in the flat result. Lengths stand in the text as numbers.
   */
  readonly source: (operands: PerOperand<N, Aval>, result: Aval) => string
  /**
   * The same with functions of core: what runs on the host, in f64 and on engines that have no kernel, and what the kernel
   * is tested against. It closes over no tensors.
   */
  readonly reference: (...operands: PerOperand<N, Tensor>) => Tensor
}

const isName = (x: unknown): x is string => typeof x === 'string' && /^[a-zA-Z]\w*$/.test(x)

/**
 * Checks what can be seen before the kernel is called.
 *
 * @throws ArgumentError
 */
export const checkDefinition = (definition: KernelDefinition<readonly string[]>): void => {
  const { name, operands, result, source, reference, vjp, jvp } = definition
  const refuse = (expected: string, received: string, todo: string): never => {
    throw new ArgumentError({ op: 'defineKernel', expected, received, todo })
  }
  if (!isName(name) || Object.hasOwn(primitives, name)) {
    refuse(
      'the name must be a word, and not that of an operation of core: engines look operations up by name.',
      `name ${JSON.stringify(name)}`,
      'choose a name of its own, as rowEntropy',
    )
  }
  if (!operands.every(isName) || new Set(operands).size < operands.length) {
    refuse(
      'operands must be different words.',
      `operands ${JSON.stringify(operands)} of ${name}`,
      "name each operand once, in the order of the kernel's parameters",
    )
  }
  if (operands.length < 1 || operands.length > maximumParameters) {
    refuse(
      `a kernel takes 1 to ${maximumParameters} operands.`,
      `${operands.length} operands of ${name}`,
      'concatenate arrays, or make two kernels of it',
    )
  }
  const missing = Object.entries({ result, source, reference }).find(([, part]) => typeof part !== 'function')
  if (missing !== undefined) {
    refuse(
      'result, source and reference must be functions.',
      `${missing[0]} of type ${typeof missing[1]}, of ${name}`,
      `give defineKernel the three of them; it was given ${Object.keys(definition).join(', ')}`,
    )
  }
  if (vjp !== undefined && jvp !== undefined) {
    refuse(
      'a kernel has one derivative.',
      `vjp and jvp of ${name}`,
      'give jvp alone, whose transpose is the gradient, or vjp alone where there is no forward mode',
    )
  }
}
