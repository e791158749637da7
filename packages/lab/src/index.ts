/**
 * The lab: a page where the study's fine-tuning runs in the browser.
 *
 * @packageDocumentation
 */
export { runCommandLine } from './server/commandLine.js'
export { type LabOptions, startLab } from './server/startLab.js'
