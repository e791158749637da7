import type { Engine } from '../compile/engine.js'
import { HostTensor } from '../tensor.js'
import { evaluateIR } from './evaluate.js'
import { profileIR } from './profileIR.js'

/**
 * The reference evaluator as an engine: every primitive, no dependencies, slow. The oracle of the other engines.
 *
 * @example await compile((x) => mul(x, 2), referenceEngine())(array([1, 2])) // => [2, 4]
 */
export const referenceEngine = (): Engine => ({
  name: 'reference',
  lowers: () => true,
  runs: () => true,
  load: (ir) =>
    Promise.resolve({
      run: (inputs) =>
        Promise.resolve().then(async () => {
          const here = await Promise.all(inputs.map((x) => x.read()))
          return evaluateIR(ir, here).map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype))
        }),
      recycle: (donated) => {
        if (donated instanceof HostTensor) donated.donate()
      },
    }),
  profile: async (ir, inputs, runs) => {
    const here = await Promise.all(inputs.map((x) => x.read()))
    const { results, operations } = profileIR(ir, here, runs)
    return { results: results.map(({ data, shape, dtype }) => new HostTensor(data, shape, dtype)), operations }
  },
  close: () => Promise.resolve(),
})
