package io.peregrine.client.resolver.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DefaultDnsResponse;
import io.netty.handler.codec.dns.DnsQuery;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.handler.codec.dns.TcpDnsQueryDecoder;
import io.netty.handler.codec.dns.TcpDnsResponseEncoder;
import io.peregrine.client.resolver.HostLookup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * A name server on loopback, UDP and TCP on one port, which knows what the test has put in. A name that it does not know
 * does not exist; one that it knows may lack records of a type.
 */
final class ScriptedDnsServer implements AutoCloseable {
    /** What UDP carries at most; more is truncated, and had over TCP. */
    private static final int MAX_UDP_RECORDS = 20;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Map<String, List<Entry>> zone = new ConcurrentHashMap<>();
    private final Map<String, DnsResponseCode> codes = new ConcurrentHashMap<>();
    private final Map<String, Integer> silences = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final InetSocketAddress address;

    @SuppressWarnings("ArrayRecordComponent") // Entries are not compared.
    private record Entry(DnsRecordType type, int ttlSeconds, byte[] data) {}

    ScriptedDnsServer() throws InterruptedException {
        Channel udp = bindUdp();
        while (!listensOnTcp(udp.localAddress())) {
            // Somebody else has that number for TCP.
            udp.close().sync();
            udp = bindUdp();
        }
        address = (InetSocketAddress) udp.localAddress();
    }

    private Channel bindUdp() throws InterruptedException {
        return new Bootstrap()
                .group(loops)
                .channel(NioDatagramChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        new DatagramDnsQueryDecoder(),
                                        new DatagramDnsResponseEncoder(),
                                        new UdpAnswers());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
    }

    private boolean listensOnTcp(SocketAddress wanted) throws InterruptedException {
        return new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new TcpDnsQueryDecoder(), new TcpDnsResponseEncoder(), new TcpAnswers());
                    }
                })
                .bind(wanted)
                .await()
                .isSuccess();
    }

    InetSocketAddress address() {
        return address;
    }

    /** As a target's authority. */
    String authority() {
        return "127.0.0.1:" + address.getPort();
    }

    /** The questions so far, such as {@code A greeter.test} or {@code TCP A greeter.test}. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    void addresses(String name, int ttlSeconds, String... literals) {
        for (String literal : literals) {
            byte[] octets = Objects.requireNonNull(HostLookup.literal(literal)).getAddress();
            add(name, octets.length == 4 ? DnsRecordType.A : DnsRecordType.AAAA, ttlSeconds, octets);
        }
    }

    void alias(String name, int ttlSeconds, String of) {
        add(name, DnsRecordType.CNAME, ttlSeconds, encoded(of));
    }

    /** Strings of more than 255 letters are cut into several, as RFC 1035 wants it. */
    void text(String name, String text) {
        ByteBuf data = Unpooled.buffer();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int from = 0; from < bytes.length; from += 255) {
            int length = Math.min(255, bytes.length - from);
            data.writeByte(length).writeBytes(bytes, from, length);
        }
        add(name, DnsRecordType.TXT, 60, bytesOf(data));
    }

    void service(String name, int priority, int weight, int port, String host) {
        ByteBuf data = Unpooled.buffer().writeShort(priority).writeShort(weight).writeShort(port);
        add(name, DnsRecordType.SRV, 60, bytesOf(data.writeBytes(encoded(host))));
    }

    /** Questions for the name are answered so, whatever records there are. */
    void answers(String name, DnsResponseCode code) {
        codes.put(name, code);
    }

    /** As many questions of one type for the name are not answered. */
    void silent(String name, DnsRecordType type, int questions) {
        silences.put(type.name() + ' ' + name, questions);
    }

    void forget(String name) {
        zone.remove(name);
        codes.remove(name);
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private void add(String name, DnsRecordType type, int ttlSeconds, byte[] data) {
        zone.computeIfAbsent(name, unused -> new CopyOnWriteArrayList<>()).add(new Entry(type, ttlSeconds, data));
    }

    private static byte[] encoded(String name) {
        ByteBuf data = Unpooled.buffer();
        for (String label : name.split("\\.", -1)) {
            data.writeByte(label.length()).writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        return bytesOf(data.writeByte(0));
    }

    private static byte[] bytesOf(ByteBuf data) {
        byte[] bytes = new byte[data.readableBytes()];
        data.readBytes(bytes);
        data.release();
        return bytes;
    }

    /** Fills in the answer; false if there is to be none. */
    private boolean answer(DnsQuery query, DnsResponse response, boolean udp) {
        DnsQuestion question = query.recordAt(DnsSection.QUESTION);
        String name = question.name().toLowerCase(Locale.ROOT);
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        String asks = question.type().name() + ' ' + name;
        asked.add(udp ? asks : "TCP " + asks);
        if (silences.getOrDefault(asks, 0) > 0) {
            silences.merge(asks, -1, Integer::sum);
            return false;
        }
        response.setRecursionAvailable(true);
        response.addRecord(DnsSection.QUESTION, new DefaultDnsQuestion(question.name(), question.type()));
        List<Entry> known = zone.get(name);
        DnsResponseCode code = codes.get(name);
        if (code != null || known == null) {
            response.setCode(code == null ? DnsResponseCode.NXDOMAIN : code);
            return true;
        }
        List<DnsRecord> records = new ArrayList<>();
        for (Entry entry : known) {
            if (entry.type.equals(question.type()) || entry.type.equals(DnsRecordType.CNAME)) {
                records.add(new DefaultDnsRawRecord(
                        question.name(), entry.type, entry.ttlSeconds, Unpooled.wrappedBuffer(entry.data)));
            }
        }
        response.setTruncated(udp && records.size() > MAX_UDP_RECORDS);
        int sent = response.isTruncated() ? 1 : records.size();
        for (int i = 0; i < sent; i++) {
            response.addRecord(DnsSection.ANSWER, records.get(i));
        }
        return true;
    }

    private final class UdpAnswers extends SimpleChannelInboundHandler<DatagramDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramDnsQuery query) {
            DatagramDnsResponse response = new DatagramDnsResponse(
                    /* sender= */ query.recipient(), /* recipient= */ query.sender(), query.id());
            if (answer(query, response, true)) {
                ChannelFuture unused = context.writeAndFlush(response);
            } else {
                response.release();
            }
        }
    }

    private final class TcpAnswers extends SimpleChannelInboundHandler<DnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DnsQuery query) {
            DefaultDnsResponse response = new DefaultDnsResponse(query.id());
            if (answer(query, response, false)) {
                ChannelFuture unused = context.writeAndFlush(response);
            } else {
                response.release();
            }
        }
    }
}
