export type { StudyOptions } from './context.js'
export type { Listener, StudyEvent } from './events.js'
export { chosenMethods, methodFromModule, methodNames, type StudyMethod } from './methods.js'
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
