from __future__ import annotations

import pytest

from sweeper.secrets import hide, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("uri: postgresql://me:s3cret@host/db", "uri: postgresql://me:***@host/db"),
        ("https://ghp_token@github.com/x", "https://***@github.com/x"),
        ("http://h/p?user=me&token=abc&x=1", "http://h/p?user=me&token=***&x=1"),
        ("password: hunter2", 'password: "***"'),
        ("{db_password: 'a b', n: 1}", '{db_password: "***", n: 1}'),
        ("api_key=abc", 'api_key="***"'),
        ("AWS_SECRET_ACCESS_KEY=abc/d+e", 'AWS_SECRET_ACCESS_KEY="***"'),
        ("export HF_TOKEN=hf_abc now", 'export HF_TOKEN="***" now'),
        ("connect(host='h', password='x y')", "connect(host='h', password=\"***\")"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("http://h/p?api_token=abc&x=1", "http://h/p?api_token=***&x=1"),
    ],
)
def test_secrets_are_masked(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text", ["http://localhost:5000/x", "max_tokens: 512", "key: 5", "a@b.c", "MAX_TOKENS=5"]
)
def test_what_is_no_secret_stays(text):
    assert mask(text) == text


def test_a_password_with_an_at_sign_is_masked_whole():
    assert "word" not in mask("postgresql://me:pass@word@host/db")


def test_a_secret_of_the_environment_is_hidden_wherever_it_stands():
    environment = {"DB_PASSWORD": "hunter2-hunter2", "HOME": "/home/ada", "PGPASSWORD": "abc"}
    said = hide("hunter2-hunter2 at /home/ada, abc", environment)
    assert said == "*** at /home/ada, abc"
