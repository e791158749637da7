/**
 * The cotangent command, for programs that start it themselves.
 *
 * @packageDocumentation
 */
export { runCommandLine } from './commandLine.js'
