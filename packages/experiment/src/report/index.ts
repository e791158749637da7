export { type Analysis, analyse, type Condition, type Estimate, type MethodRow, type TestFamily } from './analyse.js'
export { type Embedding, embed } from './embed.js'
export { readResults, resultFaults } from './readResults.js'
export { csvCell, renderCsv } from './renderCsv.js'
export { type ReportOptions, renderReport } from './renderReport.js'
export { renderTable, type TerminalTable } from './renderTable.js'
export {
  type Curve,
  type HiddenSample,
  type MaybeNumber,
  type MethodResult,
  type NoisePoint,
  type Pretraining,
  type RunMetrics,
  type SeedRun,
  type Settings,
  type SettingValue,
  type Split,
  type StudyResults,
  studyResults,
  type Trial,
  type Work,
} from './results.js'
