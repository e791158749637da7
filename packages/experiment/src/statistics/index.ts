export { type BootstrapOptions, bootstrapInterval, type Interval } from './bootstrap.js'
export { type Comparison, compareMethods, type MethodValues } from './compare.js'
export { holm } from './holm.js'
export { type Interaction, type InteractionValues, interaction } from './interaction.js'
export { meanInterval } from './meanInterval.js'
export { type PermutationOptions, type PermutationTest, pairedPermutation } from './permutation.js'
export { type RandomStream, randomStream, streamFromState } from './randomStream.js'
export { type Summary, summarise } from './summary.js'
export {
  formatP,
  type SpokenComparison,
  type SpokenMetric,
  type Verdict,
  type VerdictInput,
  verdict,
} from './verdict.js'
export { type WeightedStatistic, weightedAccuracy, weightedMacroF1 } from './weightedStatistics.js'
