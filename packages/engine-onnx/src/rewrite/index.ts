/* What is done to a program before it is lowered, because it runs faster so here. Each rewrite gives the same values. */
import { dropUnused, type IR, overPrograms } from '@cotangent/core'
import { shareGelu } from './sharedGelu.js'
import { moveSigns } from './signs.js'

const rewrites: readonly ((ir: IR) => IR)[] = [shareGelu, moveSigns, dropUnused]

/** The program with all rewrites applied, in the programs it holds too: the same values, sooner. */
export const rewrite = (ir: IR): IR =>
  overPrograms(
    rewrites.reduce((program, apply) => apply(program), ir),
    rewrite,
  )
