#!/usr/bin/env node
import { runCommandLine } from './server/commandLine.js'

await runCommandLine(process.argv.slice(2))
