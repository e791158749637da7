/* The primitive of a user's kernel. */
import {
  ArgumentError,
  type AttrsSpec,
  type Aval,
  bind1,
  countFlops,
  dataAttrs,
  definePrimitive,
  type IR,
  isFloating,
  MissingRuleError,
  makeIR,
  notLinear,
  type Primitive,
  type Tensor,
  vmap,
} from '@cotangent/core'
import { type AnyDefinition, type KernelAt, placeholder, printOperands } from './atAvals.js'
import { batchedAval, exampleAvals, hasLevels, type Level } from './batch.js'

/** Settings of an equation that applies a user's kernel. */
export interface KernelAttrs {
  /** Which kernel it is: equal for equal texts and references. */
  readonly kernel: string
  /** The axes that vmap put in front, outermost first. */
  readonly batch: readonly Level[]
}

const plain = dataAttrs<KernelAttrs>('kernel')
const batched = dataAttrs<KernelAttrs>('kernel', 'batch')

const kernelAttrs: AttrsSpec<KernelAttrs> = {
  print: (attrs, printInner) => (attrs.batch.length === 0 ? plain : batched).print(attrs, printInner),
  parse: (values) => (values.has('batch') ? batched.parse(values) : { ...plain.parse(values), batch: [] }),
}

type Reference = (...operands: readonly Tensor[]) => Tensor

/** The reference on all examples. */
const overLevels = (reference: Reference, levels: readonly Level[]): Reference =>
  levels.reduceRight<Reference>(
    (inner, { mapped }) => vmap(inner, { inAxes: mapped.map((each) => (each ? 0 : null)) }),
    reference,
  )

const noDerivative = (name: string): MissingRuleError =>
  new MissingRuleError({
    op: name,
    expected: 'a derivative passes through a kernel only if its definition gives one.',
    received: `a derivative of ${name}, which was defined without vjp and jvp`,
    todo: 'give vjp (or jvp) to defineKernel, call its reference instead, or wrap the operands in stopGradient()',
  })

/** Makes the record. */
export const kernelPrimitive = (
  definition: AnyDefinition,
  at: (avals: readonly Aval[]) => KernelAt,
): Primitive<KernelAttrs> => {
  const { name, operands: names } = definition
  const reference: Reference = (...xs) => definition.reference(...xs)

  const exampleOf = (avals: readonly Aval[], { kernel, batch }: KernelAttrs): KernelAt => {
    const refuse = (expected: string, received: string): never => {
      const todo = `make the equation by calling ${name}, or print the program anew`
      throw new ArgumentError({ op: name, expected, received, todo })
    }
    if (avals.length !== names.length || !hasLevels(avals, batch)) {
      refuse('the operands must have the axes of the batch.', printOperands(names, avals))
    }
    const example = at(exampleAvals(avals, batch))
    if (example.digest !== kernel) {
      refuse(
        'the equation must name the kernel that is defined here.',
        `kernel ${kernel}; here it is ${example.digest}`,
      )
    }
    return example
  }

  const programs = new Map<string, IR>()
  const programOf = (avals: readonly Aval[], attrs: KernelAttrs): IR => {
    if (attrs.batch.length === 0) return exampleOf(avals, attrs).reference
    const key = JSON.stringify([avals.map(({ shape, dtype }) => [dtype, shape]), attrs.batch])
    const made = programs.get(key) ?? makeIR(overLevels(reference, attrs.batch))(...avals.map(placeholder))
    programs.set(key, made)
    return made
  }

  const primitive: Primitive<KernelAttrs> = definePrimitive({
    name,
    arity: 'variadic',
    attrs: kernelAttrs,
    abstractEval: (avals, attrs) => batchedAval(exampleOf(avals, attrs).result, attrs.batch),
    evaluate: (operands, attrs, [y], run) => {
      const avals = operands.map(({ shape, dtype }) => ({ shape, dtype }))
      for (const { data } of run(programOf(avals, attrs), operands)) y.data.set(data)
    },
    jvp: {
      kind: 'joint',
      apply: (primals, _, attrs) => {
        const y = bind1(primitive, primals, attrs)
        if (isFloating(y.dtype)) throw noDerivative(name)
        return { primals: [y], tangents: [null] }
      },
    },
    transpose: notLinear,
    batch: (operands, mapped, { kernel, batch }, size) =>
      bind1(primitive, operands, { kernel, batch: [{ size, mapped }, ...batch] }),
    decompose: (operands, { batch }) => overLevels(reference, batch)(...operands),
    properties: {
      flops: (avals, _, attrs) =>
        attrs.batch.reduce((n, { size }) => n * size, countFlops(exampleOf(avals, attrs).reference)),
    },
  })
  return primitive
}
