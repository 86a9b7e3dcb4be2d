"""What kas itself makes of chains, in one process.

Reads one JSON object a line, {"dir", "chain", "real_git"}, and answers each with one line: {"config", "files", "missing",
"repos"} or {"error"}; `repos` can be {"error"} by itself. The loop is that of SetupReposStep in kas/libcmds.py, except that
nothing is cloned: a repository that is not on disk stays missing.
"""

import argparse
import json
import logging
import os
import struct
import sys

from kas.config import Config
from kas.context import create_global_context
from kas.includehandler import IncludeException
from kas.repos import Repo, RepoImpl

logging.disable(logging.CRITICAL)

REAL = staticmethod(Repo.get_root_path), RepoImpl.resolve_local


def root_path(path, fallback=True):
    """As Repo.get_root_path, without a process for each call."""
    if not os.path.isdir(path):
        raise FileNotFoundError(path)
    above = os.path.realpath(path)
    while above != '/':
        if os.path.exists(os.path.join(above, '.git')):
            return above
        above = os.path.dirname(above)
    return path if fallback else None


def canonical(value):
    """A value as text that keeps order and tells Python's types apart."""
    if value is None:
        return 'n'
    if isinstance(value, bool):
        return 'b:true' if value else 'b:false'
    if isinstance(value, int):
        return f'i:{value}'
    if isinstance(value, float):
        return 'f:' + struct.pack('>d', value).hex()
    if isinstance(value, str):
        return 's:' + json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return '[' + ','.join(map(canonical, value)) + ']'
    if isinstance(value, dict):
        return '{' + ','.join(f'{canonical(k)}={canonical(v)}' for k, v in value.items()) + '}'
    return f'{type(value).__name__}:{value}'


def check(repo):
    """What RepoImpl.checkout refuses before it runs git."""
    if not repo.operations_disabled and repo.tag and repo.branch:
        raise ValueError('both tag and branch')


def load(config):
    """Sets up the configuration, and returns the names that stay missing."""
    missing = config.find_missing_repos()
    seen = set()
    while missing:
        progress = False
        for name in missing:
            if name in seen or name not in config.get_repos_config():
                continue
            seen.add(name)
            progress = True
            repo = config.get_repo(name)
            check(repo)
            if os.path.isdir(repo.path):
                config.repo_dict[name] = repo
            elif repo.operations_disabled:
                raise FileNotFoundError(repo.path)
        if not progress:
            break
        missing = config.find_missing_repos({k: r.path for k, r in config.repo_dict.items()})
    if missing and not any(name in config.get_repos_config() for name in missing):
        raise IncludeException('Could not fetch all repos')
    return missing


def repos(config):
    """The repositories as they would be set up, with what kas raises later."""
    config.get_repos()
    all = {}
    for id, repo in config.repo_dict.items():
        local = repo.operations_disabled
        patches = [] if local else repo._patches
        check(repo)
        for patch in patches:
            if patch['repo'] not in config.repo_dict:
                raise ValueError('no such repo')
        all[id] = {
            'name': repo.name,
            'url': None if local else repo.url,
            'commit': None if local else repo.commit,
            'tag': repo.tag,
            'branch': repo.branch,
            'refspec': repo.refspec,
            'layers': [[layer.name, layer.priority] for layer in repo.layers],
            'patches': [[p['id'], p['repo'], p['path']] for p in patches],
            'signers': repo.allowed_signers,
        }
    return canonical(all)


def headers(config):
    """The ids of local_conf_header in the order in which they are written."""
    config.get_bblayers_conf_header()
    lines = config.get_local_conf_header().split('\n')
    return [line[2:] for line in lines if line.startswith('# ')]


def answer(project):
    dir = project['dir']
    os.chdir(dir)
    os.environ['KAS_WORK_DIR'] = dir
    Repo.get_root_path, RepoImpl.resolve_local = (
        REAL if project['real_git'] else (staticmethod(root_path), lambda repo: None))
    try:
        context = create_global_context(argparse.Namespace(update=None, force_checkout=None))
        context.config = config = Config(context, project['chain'])
        missing = load(config)
    except Exception as error:
        return {'error': f'{type(error).__name__}: {error}'}
    merged = {
        'config': canonical(config.get_config(remove_includes=True)),
        'files': [os.path.relpath(file.filename, dir) for file in config.handler.config_files],
        'missing': missing,
    }
    if missing:
        return merged
    try:
        merged['repos'] = repos(config)
        merged['headers'] = headers(config)
    except Exception as error:
        merged['repos'] = {'error': f'{type(error).__name__}: {error}'}
    return merged


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
