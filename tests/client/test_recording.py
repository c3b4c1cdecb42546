"""A sale recorded by the SDK is a sale of the ledger."""


def test_a_recorded_sale_is_reported(clients, shop, tmp_path):
    client = clients()
    name = client.record(tier="premium", text="The tide keeps no ledger.", output_tokens=1_200)
    assert client.flush(20)
    assert shop.ids() == [name]
    stats = client.stats()
    assert (stats.recorded, stats.accepted, stats.pending) == (1, 1, 0)
    assert list((tmp_path / "spool").iterdir()) == []
