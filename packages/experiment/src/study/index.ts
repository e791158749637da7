export { type ClassifierOf, type Classify, makeClassifier, type Outputs } from './classify.js'
export type { StudyOptions } from './context.js'
export {
  labelBatch,
  makeStudyData,
  type Part,
  type PartName,
  rowsOf,
  type StudyData,
  type TokenBatch,
  type TokenRows,
  tokenBatch,
  type Windows,
} from './dataset.js'
export type { Listener, StudyEvent } from './events.js'
export { fineTuningRows } from './fineTune.js'
export { type FineTuningBatch, fineTuningStart, fineTuningStep } from './fineTuningStep.js'
export {
  type AdapterKind,
  baLoraSettings,
  chosenMethods,
  knownMethods,
  methodFromModule,
  methodNames,
  type StudyMethod,
} from './methods.js'
export {
  type Pretrained,
  type PretrainingKind,
  type PretrainOptions,
  pretrain,
} from './pretrain.js'
export { runStudy, settingsFaults } from './runStudy.js'
export {
  defaultSettings,
  fullSettings,
  presets,
  quickSettings,
  type StudySettings,
  type StudySettingsFile,
  studySettingsFile,
  withSettings,
} from './settings.js'
export { studyConfig } from './studyConfig.js'
