/* A fused program as text: a line for each kernel. */
import type { FusedProgram } from './fuse.js'
import type { Work } from './graph.js'
import type { Kernel, Source } from './kernel.js'

const nameOf = (work: Work): string => (work.kind === 'opaque' ? work.name : work.operation.name)

const loops = (work: Work): string => (work.kind === 'computed' && work.operation.rounds > 1 ? '*' : '')

/** `dotGeneral* add gelu`: what a kernel computes, in the order of the program; `*` marks a loop. */
export const kernelName = ({ work }: Kernel): string => work.map((each) => `${nameOf(each)}${loops(each)}`).join(' ')

/**
 * ```text
 * k0 2 x 64  reduceMax* sub exp reduceSum*  of x0
 * k1 4096  sub exp div  of x0, k0
 * ```
 */
export const printKernels = ({ kernels }: FusedProgram): string => {
  const sourceName = (source: Source): string => {
    switch (source.kind) {
      case 'input':
        return `x${source.index}`
      case 'data':
        return `constant[${source.length}]`
      case 'kernel':
        return `k${kernels.indexOf(source)}`
    }
  }
  return kernels
    .map((kernel, k) => {
      const { members, spec, inputs } = kernel
      const size = members.length === 1 ? `${spec.length}` : `${members.length} x ${spec.length / members.length}`
      return `k${k} ${size}  ${kernelName(kernel)}  of ${inputs.map(sourceName).join(', ') || 'nothing'}`
    })
    .join('\n')
}
