/* The packages as the compiler sees them. */
import { readdirSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export const packageNames: readonly string[] = readdirSync(join(root, 'packages')).toSorted()

export const indexOf = (name: string): string => join(root, 'packages', name, 'src/index.ts')

const inFolder = (file: string): string => relative(root, file).split(sep).join('/')

/** A program of the packages' sources and some more files, with the settings that tests are checked with. */
export const makeProgram = (files: readonly string[]): ts.Program => {
  const config = join(root, 'tsconfig.test.json')
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    dirname(config),
  )
  return ts.createProgram([...packageNames.map(indexOf), ...files], options)
}

/** What the compiler says of one file; lines count from 1. */
export const faultsIn = (
  program: ts.Program,
  file: string,
): readonly { readonly line: number; readonly text: string }[] =>
  ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText, start, file: at }) => ({
    line: at === undefined || start === undefined ? 1 : at.getLineAndCharacterOfPosition(start).line + 1,
    text: ts.flattenDiagnosticMessageText(messageText, ' '),
  }))

export interface Undocumented {
  readonly name: string
  readonly at: string
}

/** Public names of a package that are declared in this repository and have no doc comment. */
export const undocumented = (program: ts.Program, name: string): readonly Undocumented[] => {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(indexOf(name))
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`packages/${name}/src/index.ts exports nothing`)
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const [declaration] = symbol.declarations ?? []
    if (declaration === undefined || ts.isSourceFile(declaration)) return []
    const at = inFolder(declaration.getSourceFile().fileName)
    const documented = symbol.getDocumentationComment(checker).length > 0
    return documented || !at.startsWith('packages/') ? [] : [{ name: exported.name, at }]
  })
}
