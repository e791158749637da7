export { type FitOptions, type FitResult, fit, type Step, type StepRecord } from './fit.js'
export { epochOrder, seedOf, streamOf } from './order.js'
export { readTree } from './readTree.js'
export { type FrozenParts, type StepHyper, type StepParts, type StepResult, trainingStep } from './trainingStep.js'
