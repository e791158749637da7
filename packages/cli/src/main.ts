#!/usr/bin/env node
import { runCommandLine } from './commandLine.js'

await runCommandLine(process.argv.slice(2))
