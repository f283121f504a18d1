import com.itextpdf.text.Font;
import com.itextpdf.text.Image;
import com.itextpdf.text.Rectangle;
import com.itextpdf.text.io.RandomAccessSourceFactory;
import com.itextpdf.text.pdf.BaseFont;
import com.itextpdf.text.pdf.PdfContentByte;
import com.itextpdf.text.pdf.PdfReader;
import com.itextpdf.text.pdf.PdfSignatureAppearance;
import com.itextpdf.text.pdf.PdfStamper;
import com.itextpdf.text.pdf.RandomAccessFileOrArray;
import com.itextpdf.text.pdf.security.BouncyCastleDigest;
import com.itextpdf.text.pdf.security.ExternalDigest;
import com.itextpdf.text.pdf.security.ExternalSignature;
import com.itextpdf.text.pdf.security.MakeSignature;
import com.itextpdf.text.pdf.security.PrivateKeySignature;
import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * Fills and signs forms with iText 5: {@code SignForms JOB}, where JOB is the file that bench_peers.py writes.
 *
 * <p>Base, fonts and key are read once; each certificate is stamped in append mode from a reader that reads
 * only what is asked for, the quickest way iText has, and signed with Java's own RSA. Prints one line of JSON: processor and wall-clock milliseconds of each certificate, by batches.
 */
public final class SignForms {
    private record Text(String face, float size, float x, float y, String text) {}

    private record Form(List<Text> texts, byte[] qr) {}

    private static final int BATCH = 25;

    private final Map<String, String> facts = new HashMap<>();
    private final Map<String, BaseFont> fonts = new HashMap<>();
    private final List<Form> forms = new ArrayList<>();
    private final byte[] base;
    private final float[] qrBox;
    private final float[] sealBox;
    private final ExternalDigest digest = new BouncyCastleDigest();
    private final ExternalSignature signature;
    private final Certificate[] chain;

    private SignForms(Path job) throws Exception {
        for (String line : Files.readAllLines(job)) {
            String[] words = line.split("\t", -1);
            switch (words[0]) {
                case "font" -> fonts.put(words[1], font(words[1], Files.readAllBytes(Path.of(words[2]))));
                case "form" -> forms.add(new Form(new ArrayList<>(), Files.readAllBytes(Path.of(words[1]))));
                case "text" -> forms.get(forms.size() - 1).texts().add(
                    new Text(words[1], Float.parseFloat(words[2]), Float.parseFloat(words[3]), Float.parseFloat(words[4]), words[5]));
                default -> facts.put(words[0], words[1]);
            }
        }
        base = Files.readAllBytes(Path.of(facts.get("base")));
        qrBox = box("qr_box");
        sealBox = box("seal_box");
        KeyStore store = KeyStore.getInstance("PKCS12");
        char[] passphrase = facts.get("passphrase").toCharArray();
        try (InputStream file = new FileInputStream(facts.get("pkcs12"))) {
            store.load(file, passphrase);
        }
        String alias = store.aliases().nextElement();
        signature = new PrivateKeySignature((PrivateKey) store.getKey(alias, passphrase), "SHA-256", null);
        chain = store.getCertificateChain(alias);
    }

    private static BaseFont font(String name, byte[] face) throws Exception {
        return BaseFont.createFont(name, BaseFont.IDENTITY_H, BaseFont.EMBEDDED, BaseFont.CACHED, face, null);
    }

    private float[] box(String name) {
        String[] words = facts.get(name).split(" ");
        float[] box = new float[words.length];
        for (int place = 0; place < words.length; place++) {
            box[place] = Float.parseFloat(words[place]);
        }
        return box;
    }

    private byte[] sign(Form form) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream(base.length + 65536);
        PdfReader reader = new PdfReader(new RandomAccessFileOrArray(new RandomAccessSourceFactory().createSource(base)), null, true);
        PdfStamper stamper = PdfStamper.createSignature(reader, out, '\0', null, true);
        PdfContentByte page = stamper.getOverContent(1);
        page.beginText();
        for (Text text : form.texts()) {
            page.setFontAndSize(fonts.get(text.face()), text.size());
            page.setTextMatrix(text.x(), text.y());
            page.showText(text.text());
        }
        page.endText();
        Image qr = Image.getInstance(form.qr());
        page.addImage(qr, qrBox[2] - qrBox[0], 0, 0, qrBox[3] - qrBox[1], qrBox[0], qrBox[1]);
        PdfSignatureAppearance seal = stamper.getSignatureAppearance();
        seal.setVisibleSignature(new Rectangle(sealBox[0], sealBox[1], sealBox[2], sealBox[3]), 1, "organisation");
        seal.setLayer2Font(new Font(fonts.values().iterator().next(), 8));
        MakeSignature.signDetached(seal, digest, signature, chain, null, null, null, 0, MakeSignature.CryptoStandard.CADES);
        return out.toByteArray();
    }

    /** Batches until so many seconds of the processor are used: their milliseconds a certificate, by processor and by wall clock. */
    private List<double[]> run(double seconds) throws Exception {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        List<double[]> batches = new ArrayList<>();
        long end = system.getProcessCpuTime() + (long) (seconds * 1e9);
        for (int next = 0; system.getProcessCpuTime() < end; ) {
            long wall = System.nanoTime();
            long cpu = system.getProcessCpuTime();
            for (int count = 0; count < BATCH; count++, next = (next + 1) % forms.size()) {
                sign(forms.get(next));
            }
            batches.add(new double[] {(system.getProcessCpuTime() - cpu) / 1e6 / BATCH, (System.nanoTime() - wall) / 1e6 / BATCH});
        }
        return batches;
    }

    private static String column(List<double[]> batches, int column) {
        return batches.stream().map(batch -> String.format(java.util.Locale.ROOT, "%.4f", batch[column])).collect(Collectors.joining(",", "[", "]"));
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        SignForms work = new SignForms(Path.of(arguments[0]));
        Files.write(Path.of(work.facts.get("out")), work.sign(work.forms.get(0)));
        work.run(Double.parseDouble(work.facts.get("warm_up_s")));
        List<double[]> batches = work.run(Double.parseDouble(work.facts.get("measure_s")));
        System.out.println("{\"cpu_ms\":" + column(batches, 0) + ",\"wall_ms\":" + column(batches, 1) + ",\"batch\":" + BATCH
            + ",\"runtime\":\"Java " + System.getProperty("java.version") + ", iText " + com.itextpdf.text.Version.getInstance().getRelease() + "\"}");
    }
}
