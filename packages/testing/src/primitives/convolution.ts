/* Cases of convolution: one and two spatial axes, strides, dilation, groups, lengths that leave places over. */
import type { HostTensor, PrimitiveName, Shape } from '@cotangent/core'
import * as fc from 'fast-check'
import { hostileTensor, tensorOf } from '../arbitraries/tensors.js'
import { ofMagnitude } from '../compare/tolerance.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'

const small = (min: number, max: number) => fc.integer({ min, max })

interface Axis {
  readonly length: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
}

const axis: fc.Arbitrary<Axis> = fc
  .record({ kernel: small(1, 3), stride: small(1, 3), dilation: small(1, 2), beyond: small(0, 3) })
  .map(({ beyond, ...rest }) => ({ ...rest, length: (rest.kernel - 1) * rest.dilation + 1 + beyond }))

const cases = (fill: (shape: Shape) => fc.Arbitrary<HostTensor>): fc.Arbitrary<Case> =>
  fc
    .record({
      n: small(0, 2),
      groups: small(1, 2),
      channels: small(1, 2),
      outputs: small(1, 2),
      axes: fc.array(axis, { minLength: 1, maxLength: 2 }),
    })
    .chain(({ n, groups, channels, outputs, axes }) =>
      fc.tuple(
        fill([n, groups * channels, ...axes.map(({ length }) => length)]),
        fill([groups * outputs, channels, ...axes.map(({ kernel }) => kernel)]),
        fc.constant({
          strides: axes.map(({ stride }) => stride),
          dilation: axes.map(({ dilation }) => dilation),
          groups,
        }),
      ),
    )
    .map(([x, w, attrs]) => {
      const { apply } = caseOf('convolution', [x, w], attrs)
      const terms = w.shape.slice(1).reduce((product, length) => product * length, 1)
      return caseOf('convolution', [x, w], attrs, { tolerance: ofMagnitude(terms, [x, w], apply) })
    })

export const convolutionGenerators = {
  convolution: {
    tame: cases((shape) => tensorOf(shape)),
    hostile: cases((shape) => hostileTensor(shape)),
    derivative: 'true',
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
