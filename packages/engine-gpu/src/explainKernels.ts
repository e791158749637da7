import { type IR, makeIR, planStages, prepareIR } from '@cotangent/core'
import { fuse } from './fusion/fuse.js'
import { kernelName, printKernels } from './fusion/print.js'
import type { GpuEngine } from './gpuEngine.js'
import { lowerIR } from './program/lowerIR.js'

/** One kernel of a function. */
export interface KernelInfo {
  /** What it computes, in the order of the program; `*` marks a loop: `dotGeneral* broadcastTo add gelu`. */
  readonly name: string
  /** Elements of its result. */
  readonly elements: number
  /** As gpu.js gets it, but for the functions that a mode needs. */
  readonly source: string
}

/** What a function becomes on an engine. */
export interface KernelReport {
  /** In the order they run; equal ones are compiled once. */
  readonly kernels: readonly KernelInfo[]
  /** Programs that it was split into, where parts run on the host. */
  readonly programs: number
  /**
   * A line for each kernel: its number, elements, name, and what it reads; a blank line, then `host` with its operations,
   * where a part runs there.
   */
  readonly text: string
}

const printHost = ({ equations }: IR): string => `host  ${equations.map(({ primitive }) => primitive.name).join(' ')}`

/**
 * The kernels that a function becomes, without running them: what was fused, and what each one's text is.
 *
 * @param f a pure function of pytrees, not compiled
 * @returns takes the arguments of f, of which only shapes and dtypes matter
 * @example
 * const engine = await gpuEngine({ mode: 'cpu' })
 * const { kernels } = explainKernels((x: Tensor) => softmax(mul(x, 2)), engine)(ones([4, 8]))
 * kernels.map(({ name }) => name)[1] // => 'mul broadcastTo sub exp broadcastTo div'
 */
export const explainKernels =
  <A extends readonly unknown[]>(f: (...args: A) => unknown, engine: GpuEngine) =>
  (...args: A): KernelReport => {
    const ir = prepareIR(makeIR(f)(...args), (primitive) => engine.lowers(primitive))
    const stages = planStages(ir, (equation) => engine.runs(equation)).map(({ where, ir: part }) => {
      const program = where === 'engine' ? fuse(lowerIR(part)) : null
      return { program, text: program === null ? printHost(part) : printKernels(program) }
    })
    const programs = stages.flatMap(({ program }) => (program === null ? [] : [program]))
    const kernels = programs.flatMap((program) => program.kernels)
    return {
      kernels: kernels.map((kernel) => ({
        name: kernelName(kernel),
        elements: kernel.spec.length,
        source: kernel.spec.source,
      })),
      programs: programs.length,
      text: stages
        .map(({ text }) => text)
        .filter((text) => text !== '')
        .join('\n\n'),
    }
  }
