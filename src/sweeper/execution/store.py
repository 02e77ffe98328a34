"""Small notes on a cluster: Ray's key-value store on its head, for this program."""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = b"sweeper"


class ClusterStore:
    """What is put here, all who join the cluster see. The cluster must be joined."""

    def put(self, key: str, value: str) -> None:
        from ray.experimental.internal_kv import _internal_kv_put

        _internal_kv_put(key.encode(), value.encode(), overwrite=True, namespace=NAMESPACE)

    def get(self, key: str) -> str | None:
        from ray.experimental.internal_kv import _internal_kv_get

        value = _internal_kv_get(key.encode(), namespace=NAMESPACE)
        return None if value is None else value.decode()

    def read(self, prefix: str) -> Mapping[str, str]:
        """All whose key begins so; one that is removed meanwhile is left out."""
        from ray.experimental.internal_kv import _internal_kv_list

        keys = [key.decode() for key in _internal_kv_list(prefix.encode(), namespace=NAMESPACE)]
        found = {key: self.get(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    def remove(self, key: str) -> None:
        from ray.experimental.internal_kv import _internal_kv_del

        _internal_kv_del(key.encode(), namespace=NAMESPACE)
