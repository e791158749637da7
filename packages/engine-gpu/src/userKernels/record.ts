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
import { batchedAval, exampleAvals, hasLevels, type Level, operandAvals } from './batch.js'
import { type AnyDefinition, type KernelAt, type Kernels, placeholder, printOperands } from './kernels.js'

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
export const kernelPrimitive = (definition: AnyDefinition, kernels: Kernels): Primitive<KernelAttrs> => {
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
    const example = kernels.at(exampleAvals(avals, batch))
    if (example.digest !== kernel) {
      refuse(
        'the equation must name the kernel that is defined here.',
        `kernel ${kernel}; here it is ${example.digest}`,
      )
    }
    return example
  }

  const programs = new Map<string, IR>()
  /** The reference on all examples. An evaluation in f64 changes the operands' dtypes, so these are not asked. */
  const programOf = ({ kernel, batch }: KernelAttrs): IR => {
    const example = kernels.of(kernel)
    if (example === undefined) throw new Error('unreachable: the shape rule looked at the kernel')
    if (batch.length === 0) return example.reference
    const key = JSON.stringify([kernel, batch])
    const operands = operandAvals(example.operands, batch).map(placeholder)
    const program = programs.get(key) ?? makeIR(overLevels(reference, batch))(...operands)
    programs.set(key, program)
    return program
  }

  const primitive: Primitive<KernelAttrs> = definePrimitive({
    name,
    arity: 'variadic',
    attrs: kernelAttrs,
    abstractEval: (avals, attrs) => batchedAval(exampleOf(avals, attrs).result, attrs.batch),
    evaluate: (operands, attrs, [y], run) => {
      for (const { data } of run(programOf(attrs), operands)) y.data.set(data)
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
