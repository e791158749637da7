/**
 * The fit loop, the study's data, metrics, statistics, the study and its report.
 *
 * @packageDocumentation
 */
export * from './baseline/index.js'
export * from './data/index.js'
export * from './fit/index.js'
export * from './metrics/index.js'
export * from './report/index.js'
export * from './statistics/index.js'
export * from './study/index.js'
