const vscode = require("vscode");

exports.activate = () => {
  const selected = new vscode.EventEmitter();
  vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration("python.selected")) {
      selected.fire(undefined);
    }
  });
  return {
    environments: {
      getActiveEnvironmentPath: () => ({ path: vscode.workspace.getConfiguration("python").get("selected") }),
      resolveEnvironment: async ({ path }) => (path ? { executable: { uri: vscode.Uri.file(path) } } : undefined),
      onDidChangeActiveEnvironmentPath: selected.event,
    },
  };
};
