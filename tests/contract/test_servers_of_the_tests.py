"""The servers that tests run on behave as tests assume: they ask for passwords, stop and start."""

import psycopg2
import pytest

from support.postgres import PostgresServer
from support.redis import RedisServer


def test_postgres_refuses_a_wrong_password(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(postgres.url("postgres", password="wrong"))


def test_postgres_gives_each_test_an_empty_database(
    postgres: PostgresServer, postgres_database: str
) -> None:
    name = postgres_database.rpartition("/")[2]

    assert postgres.execute("SELECT current_database()", database=name) == [(name,)]


def test_postgres_comes_back_on_the_same_port_with_its_data(own_postgres: PostgresServer) -> None:
    own_postgres.create_database("kept")
    own_postgres.stop()
    assert not own_postgres.is_up()

    own_postgres.start()

    assert own_postgres.execute("SELECT 1", database="kept") == [(1,)]


def test_redis_comes_back_empty_on_the_same_port(own_redis: RedisServer) -> None:
    with own_redis.client() as client:
        client.set("key", "value")
    own_redis.stop()
    assert not own_redis.is_up()

    own_redis.start()

    with own_redis.client() as client:
        assert client.get("key") is None


def test_redis_is_empty_for_each_test(redis: RedisServer) -> None:
    with redis.client() as client:
        assert client.dbsize() == 0
