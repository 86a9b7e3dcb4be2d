"""Whether kas would do the same with each pair of chains: the configured one, and the generated file made of it.

Reads {"dir", "work", "pairs": [[chain, generated, target]]} and prints one line a difference.
"""

import argparse
import json
import logging
import os
import sys

from kas.config import Config
from kas.context import create_global_context
from kas.repos import Repo

logging.disable(logging.CRITICAL)
Repo.resolve_local = lambda repo: None


def acts(chain, target):
    """Everything that kas takes from a configuration when it builds."""
    context = create_global_context(argparse.Namespace(update=None, force_checkout=None))
    context.config = config = Config(context, chain, target)
    assert config.find_missing_repos() == []
    layers = sorted(layer for repo in config.get_repos() for layer in repo.layers)
    acts = {
        'machine': config.get_machine(),
        'distro': config.get_distro(),
        'targets': config.get_bitbake_targets(),
        'task': config.get_bitbake_task(),
        'build_system': config.get_build_system(),
        'env': config.get_environment(),
        'local.conf': config.get_local_conf_header(),
        'bblayers.conf': config.get_bblayers_conf_header(),
        'layers': [[layer.repo_name, str(layer.path), layer.priority] for layer in layers],
        'signers': config.get_signers_config(),
        'buildtools': config.get_buildtools(),
    }
    for id, repo in config.repo_dict.items():
        acts[f'repo {id}'] = [repo.name, repo.url, repo.path, repo.operations_disabled] + (
            [] if repo.operations_disabled else
            [repo.commit, repo.tag, repo.branch, repo.refspec, repo.allowed_signers, repo._patches])
    return acts


order = json.load(sys.stdin)
os.environ['KAS_WORK_DIR'] = order['work']
os.chdir(order['dir'])
for chain, generated, target in order['pairs']:
    one, other = acts(chain, [target] if target else None), acts(generated, None)
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            print(f'{chain}: {key}: {one.get(key)} is not {other.get(key)}')
